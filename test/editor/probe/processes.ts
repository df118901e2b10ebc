import { readdirSync, readFileSync } from "node:fs";

export interface Process {
  pid: number;
  command: string;
}

/** Every process below this extension host, children of children too (Linux: read from /proc). */
export function processesBelow(root: number = process.pid): Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const below: Process[] = [];
  const parents = [root];
  for (let parent = parents.shift(); parent !== undefined; parent = parents.shift()) {
    for (const child of all.filter((candidate) => candidate.parent === parent)) {
      below.push({ pid: child.pid, command: child.command });
      parents.push(child.pid);
    }
  }
  return below;
}

/** Processes that are ours: the language server and whatever it started. */
export const ourProcesses = (): Process[] =>
  processesBelow().filter(({ command }) => /dist\/server\.js|floe_dbt_worker|python/.test(command));

function readProcess(pid: number): (Process & { parent: number })[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold spaces: the parent is the second field after it.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return [{ pid, parent, command }];
  } catch {
    return []; // it has ended meanwhile
  }
}
