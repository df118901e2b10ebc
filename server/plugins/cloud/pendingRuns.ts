import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/**
 * Triggers that are not settled yet, on disk: written before dbt Cloud is asked, so that neither a lost answer nor a window
 * that closes can make a run that nobody knows of. Holds no secret.
 */
const recordSchema = z.object({
  /** In the run's `cause`: how it is found again. */
  marker: z.string(),
  origin: z.string(),
  accountId: z.string(),
  projectDir: z.string(),
  jobId: z.string(),
  verb: z.enum(["compile", "run", "test", "build", "seed", "snapshot"]),
  command: z.string(),
  /** Null until dbt Cloud has said it. */
  runId: z.number().nullable(),
  /** The run's page. */
  link: z.string().nullable(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** The process that waits for it. */
  pid: z.number(),
});
export type PendingRun = z.output<typeof recordSchema>;

export interface PendingRuns {
  save(run: PendingRun): Promise<void>;
  remove(marker: string): Promise<void>;
  /** Those of a project that no living process waits for. */
  abandoned(projectDir: string): Promise<PendingRun[]>;
}

export function createPendingRuns(storageDir: string): PendingRuns {
  const dir = path.join(storageDir, "cloud", "pending");
  const fileOf = (marker: string): string => path.join(dir, `${marker}.json`);
  return {
    async save(run) {
      await mkdir(dir, { recursive: true });
      const partial = `${fileOf(run.marker)}.${process.pid}.part`;
      await writeFile(partial, JSON.stringify(run, null, 2));
      await rename(partial, fileOf(run.marker));
    },
    async remove(marker) {
      await rm(fileOf(marker), { force: true });
    },
    async abandoned(projectDir) {
      const names = await readdir(dir).catch(() => []);
      const records = await Promise.all(
        names
          .filter((name) => name.endsWith(".json"))
          .map(async (name) => recordSchema.safeParse(parse(await read(path.join(dir, name)))).data),
      );
      return records
        .filter((record) => record !== undefined)
        .filter((record) => record.projectDir === projectDir && !isWaitedFor(record))
        .toSorted((a, b) => a.at - b.at);
    },
  };
}

/** By a process other than this one, which knows itself what it waits for. */
function isWaitedFor({ pid }: PendingRun): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const read = (file: string): Promise<string> => readFile(file, "utf8").catch(() => "");

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
