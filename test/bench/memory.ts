import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Bench } from "./bench.ts";
import { answers, startFloeServer } from "./floeServer.ts";
import { benchProject } from "./projects.ts";
import { reviewModel } from "./reviewModel.ts";

/** Resident memory of the server and of its Python after the work of a day in small. Read from /proc: Linux only. */
export const memory: Bench = async ({ python, storageDir, say }) => {
  const title = "Memory (resident)";
  if (process.platform !== "linux")
    return { title, rows: [], notes: ["Not measured: it is read from /proc."] };
  const notes: string[] = [];
  for (const models of ["sample", 120, 1000] as const) {
    say(`memory: ${models}`);
    const project = await benchProject(`memory-${models}`, models);
    await using server = await startFloeServer({
      folder: project.dir,
      storageDir: path.join(storageDir, `memory-${models}`),
      python,
    });
    const first = server.nextShown(answers("saved"));
    await server.open(project.review, await readFile(project.review, "utf8"));
    await first;
    for (let turn = 0; turn < 10; turn++) {
      const shown = server.nextShown(answers(`edit${turn}`));
      await server.change(project.review, reviewModel(`edit${turn}`));
      await shown;
    }
    const edited = await family(server.pid);
    const describe = (sizes: number[]): string =>
      `server ${sizes[0] ?? 0} MB, Python ${sizes.slice(1).join(" + ") || "none"} MB`;
    let line = `${project.models} models, after 10 edits: ${describe(edited)}`;
    if (models !== 1000) {
      await server.lintProject();
      line += `; after linting all of it: ${describe(await family(server.pid))}`;
    }
    notes.push(`${line}.`);
  }
  return { title, rows: [], notes };
};

/** Megabytes of a process and of all that descend from it, the process itself first. */
async function family(pid: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const parents = new Map<number, number>();
  for (const each of pids) {
    const status = await readFile(`/proc/${each}/status`, "utf8").catch(() => "");
    parents.set(Number(each), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }
  const descends = (each: number): boolean => {
    for (let at = each; at > 1; at = parents.get(at) ?? 0) if (at === pid) return true;
    return false;
  };
  const members = [pid, ...[...parents.keys()].filter((each) => each !== pid && descends(each))];
  return await Promise.all(
    members.map(async (each) => {
      const status = await readFile(`/proc/${each}/status`, "utf8").catch(() => "");
      return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024);
    }),
  );
}
