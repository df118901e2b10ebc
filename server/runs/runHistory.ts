import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { nodeStatuses, type Run, type RunNode, runStates, runVerbs } from "../../protocol/run.ts";
import { runtimeNames } from "../../protocol/runtime.ts";
import { writeFileAtomic } from "../platform/atomicFile.ts";
import type { Log } from "../platform/log.ts";
import { pathKey } from "../platform/paths.ts";
import { type Found, foundListSchema } from "./runDiagnostics.ts";
import type { LogLine } from "./runLog.ts";
import { hasEnded } from "./runRecord.ts";

/** Nodes kept of one run, failed ones first, and characters of its log: its end. */
const maxNodes = 5_000;
const maxLog = 250_000;
const version = 1;

const nullableNumber = z.number().nullable();
const nullableText = z.string().nullable();
const nodeSchema = z.object({
  uniqueId: z.string(),
  name: z.string(),
  resourceType: z.string(),
  status: z.enum(nodeStatuses),
  startedAt: nullableNumber,
  seconds: nullableNumber,
  message: nullableText,
  rowsAffected: nullableNumber,
  failures: nullableNumber,
  filePath: nullableText,
  line: nullableNumber,
  compiledPath: nullableText,
});
const stepSchema = z.object({
  name: z.string(),
  state: z.enum(["queued", "running", "success", "error", "cancelled", "skipped"]),
  seconds: nullableNumber,
});
const runSchema = z.object({
  id: z.string(),
  request: z.looseObject({ projectDir: z.string(), verb: z.enum(runVerbs) }),
  title: z.string(),
  command: z.string(),
  runtime: z.enum(runtimeNames),
  target: nullableText,
  state: z.enum(runStates),
  queuedAt: z.number(),
  startedAt: nullableNumber,
  endedAt: nullableNumber,
  total: nullableNumber,
  message: nullableText,
  remedy: z.looseObject({ title: z.string() }).optional(),
  notices: z.array(z.string()),
  link: nullableText,
  steps: z.array(stepSchema),
  nodes: z.array(nodeSchema),
});
const fileSchema = z.object({
  version: z.literal(version),
  /** Process of the server that had the run: while it lives, the run is its own. */
  pid: z.int(),
  run: runSchema,
  log: z.array(z.object({ at: z.number(), text: z.string(), uniqueId: z.string().optional() })),
});

export interface StoredRun {
  run: Run;
  log: LogLine[];
}

/** The runs of each project on disk, a file each, so that they outlive the editor. */
export class RunHistory implements AsyncDisposable {
  readonly #dir: string;
  readonly #log: Log;
  /** The last of the writes of each file, which go one after another. */
  readonly #writes = new Map<string, Promise<void>>();
  /** What waits to be done with a file: of writes that wait only the newest is carried out. */
  readonly #waiting = new Map<string, (filePath: string) => Promise<void>>();

  /** @param dir a folder of our own */
  constructor(dir: string, log: Log) {
    this.#dir = dir;
    this.#log = log;
  }

  /** What was remembered, the oldest first. What cannot be read is left out and said in the log, once for all of it. */
  async load(projectDir: string): Promise<{ runs: StoredRun[]; found: Found[] }> {
    const dir = this.#dirOf(projectDir);
    const names = await readdir(dir).catch((): string[] => []);
    const runs: StoredRun[] = [];
    const broken: string[] = [];
    for (const name of names.filter((each) => each.endsWith(".run.json")).toSorted()) {
      const read = await this.#read(path.join(dir, name), fileSchema);
      if (!read) broken.push(name);
      else if (hasEnded(read.run.state) || !isAlive(read.pid)) runs.push(read as unknown as StoredRun);
    }
    const hasFound = names.includes("diagnostics.json");
    const found = hasFound ? await this.#read(path.join(dir, "diagnostics.json"), foundListSchema) : [];
    if (found === null) broken.push("diagnostics.json");
    if (broken.length > 0) {
      this.#log.warn(`The history of runs in ${dir} is broken, and left out: ${broken.join(", ")}`);
      await Promise.all(
        broken.map((name) => rm(path.join(dir, name), { force: true }).catch(() => undefined)),
      );
    }
    return { runs, found: found ?? [] };
  }

  save(run: Run, log: readonly LogLine[]): void {
    const file = {
      version,
      pid: process.pid,
      run: { ...run, nodes: worthKeeping(run.nodes) },
      log: endOf(log),
    };
    this.#write(this.#fileOf(run), () => JSON.stringify(file));
  }

  forget(runs: readonly Pick<Run, "id" | "queuedAt" | "request">[]): void {
    for (const run of runs) this.#enqueue(this.#fileOf(run), (file) => rm(file, { force: true }));
  }

  saveFound(projectDir: string, found: readonly Found[]): void {
    this.#write(path.join(this.#dirOf(projectDir), "diagnostics.json"), () => JSON.stringify(found));
  }

  /** Resolves when all is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#writes.values());
  }

  #dirOf(projectDir: string): string {
    const key = createHash("sha256").update(pathKey(projectDir)).digest("hex").slice(0, 16);
    return path.join(this.#dir, key);
  }

  #fileOf({ id, queuedAt, request }: Pick<Run, "id" | "queuedAt" | "request">): string {
    return path.join(this.#dirOf(request.projectDir), `${queuedAt}-${id}.run.json`);
  }

  async #read<Value>(filePath: string, schema: z.ZodType<Value>): Promise<Value | null> {
    try {
      return schema.parse(JSON.parse(await readFile(filePath, "utf8")));
    } catch {
      return null;
    }
  }

  #write(filePath: string, text: () => string): void {
    this.#enqueue(filePath, (file) => writeFileAtomic(file, text()));
  }

  #enqueue(filePath: string, write: (filePath: string) => Promise<void>): void {
    const isQueued = this.#waiting.has(filePath);
    this.#waiting.set(filePath, write);
    if (isQueued) return;
    const work = (this.#writes.get(filePath) ?? Promise.resolve()).then(async () => {
      const next = this.#waiting.get(filePath);
      this.#waiting.delete(filePath);
      try {
        await next?.(filePath);
      } catch (error) {
        this.#log.warn(`${filePath} cannot be written: ${String(error)}`);
      }
      if (this.#writes.get(filePath) === work) this.#writes.delete(filePath);
    });
    this.#writes.set(filePath, work);
  }
}

function worthKeeping(nodes: readonly RunNode[]): readonly RunNode[] {
  if (nodes.length <= maxNodes) return nodes;
  const isProblem = ({ status }: RunNode): boolean => ["error", "fail", "warn"].includes(status);
  return [...nodes.filter(isProblem), ...nodes.filter((node) => !isProblem(node))].slice(0, maxNodes);
}

function endOf(log: readonly LogLine[]): readonly LogLine[] {
  let [size, from] = [0, log.length];
  while (from > 0 && size + (log[from - 1]?.text.length ?? 0) <= maxLog) {
    from -= 1;
    size += log[from]?.text.length ?? 0;
  }
  return log.slice(from);
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
