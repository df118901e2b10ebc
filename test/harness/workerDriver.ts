import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import {
  workerEventSchema,
  workerLineSchema,
  type WorkerError,
  type WorkerEvent,
  type WorkerHello,
  type WorkerIssue,
  type WorkerMethod,
  type WorkerNotifications,
  type WorkerRequests,
} from "../../protocol/worker.ts";
import { testPython, workerDir } from "./environment.ts";
import { giveParsedAhead, targetDirIn } from "./parsedAhead.ts";

/** The worker's `error` answer, as an exception of the tests. */
export class WorkerFailure extends Error {
  readonly detail: WorkerError;
  constructor(detail: WorkerError) {
    super(`${detail.kind}: ${detail.message}`);
    this.detail = detail;
  }
}

export interface Asked<Method extends WorkerMethod> {
  readonly id: number;
  /** @throws WorkerFailure */
  readonly answer: Promise<WorkerRequests[Method]["result"]>;
  /** The events of this request, in order; complete once `answer` is settled. */
  readonly events: WorkerEvent[];
  /** Waits for one of `events`. */
  first(matches: (event: WorkerEvent) => boolean, seconds?: number): Promise<WorkerEvent>;
}

export interface FileAnswer {
  issues: WorkerIssue[];
  skipped: string | null;
}

/** The real worker process, spoken to over its own protocol. Ended at the end of the scope (`await using`). */
export interface WorkerDriver extends AsyncDisposable {
  readonly process: ChildProcess;
  /** The answer to `initialize`. Its pid is the worker's own, whatever started it. */
  readonly hello: WorkerHello;
  /** Everything sent on the worker's own account: status and log. */
  readonly events: WorkerEvent[];
  readonly stderr: () => string;
  ask<Method extends WorkerMethod>(method: Method, params: WorkerRequests[Method]["params"]): Asked<Method>;
  request<Method extends WorkerMethod>(
    method: Method,
    params: WorkerRequests[Method]["params"],
  ): Promise<WorkerRequests[Method]["result"]>;
  notify<Method extends keyof WorkerNotifications>(method: Method, params: WorkerNotifications[Method]): void;
  /** Lints one file, as text where given, and gives what was said of it. */
  lint(filePath: string, text?: string): Promise<FileAnswer>;
  /** Waits for an event that is there or will come. */
  event(matches: (event: WorkerEvent) => boolean, seconds?: number): Promise<WorkerEvent>;
  /** Resolves when the process has ended. @returns its exit code */
  readonly exited: Promise<number | null>;
}

export interface WorkerOptions {
  projectDir: string;
  python?: string;
  profilesDir?: string;
  target?: string;
  workspaceDir?: string;
  /** Kept between workers by a test that looks at the cache; a new one where absent. */
  privateDir?: string;
  /** Without what a parse leaves of dbt's own macros. */
  cold?: boolean;
  env?: Record<string, string>;
  /** Arguments for Python that start the worker's command line, appended to them, in their own way. */
  through?: string[];
}

export async function startWorker(options: WorkerOptions): Promise<WorkerDriver> {
  const ownDir = options.privateDir ?? (await mkdtemp(path.join(tmpdir(), "floe-dbt-private-")));
  const python = options.python ?? testPython();
  if (!options.cold) await giveParsedAhead(python, targetDirIn(ownDir));
  const command = ["-u", "-X", "utf8", path.join(workerDir, "floe_dbt_worker")];
  const child = spawn(python, options.through ? [...options.through, python, ...command] : command, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    cwd: options.projectDir,
  });
  const waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void; events: WorkerEvent[] }
  >();
  const events: WorkerEvent[] = [];
  const watchers = new Set<() => void>();
  let stderr = "";
  let lastId = 0;

  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const exited = once(child, "exit").then(([code]) => code as number | null);
  void exited.then((code) => {
    for (const { reject } of waiting.values()) {
      reject(new Error(`The worker ended with ${String(code)}. ${stderr}`));
    }
    waiting.clear();
  });

  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = workerLineSchema.parse(JSON.parse(line));
    if ("event" in message) {
      const event = workerEventSchema.parse(message);
      (message.id === undefined ? events : waiting.get(message.id)?.events)?.push(event);
      for (const watcher of watchers) watcher();
      return;
    }
    const request = waiting.get(message.id);
    waiting.delete(message.id);
    if ("error" in message) request?.reject(new WorkerFailure(message.error));
    else request?.resolve(message.result);
  });

  const write = (message: object): void => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
  };

  const eventOf = (
    of: readonly WorkerEvent[],
    matches: (event: WorkerEvent) => boolean,
    seconds = 30,
  ): Promise<WorkerEvent> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(look);
        reject(new Error(`No such event within ${seconds} s. Seen: ${JSON.stringify(of)}`));
      }, seconds * 1000);
      const look = (): void => {
        const found = of.find(matches);
        if (!found) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });

  const driver: Omit<WorkerDriver, "hello"> = {
    process: child,
    events,
    exited,
    stderr: () => stderr,
    ask(method, params) {
      const id = ++lastId;
      const own: WorkerEvent[] = [];
      const answer = new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { resolve, reject, events: own });
      });
      write({ id, method, params });
      return {
        id,
        answer: answer as never,
        events: own,
        first: (matches, seconds) => eventOf(own, matches, seconds),
      };
    },
    request: (method, params) => driver.ask(method, params).answer,
    notify: (method, params) => {
      write({ method, params });
    },
    async lint(filePath, text) {
      const asked = driver.ask("lint", {
        paths: [filePath],
        interactive: true,
        ...(text === undefined ? {} : { texts: { [filePath]: text } }),
      });
      await asked.answer;
      const answer = asked.events.find((event) => event.event === "file");
      if (!answer) throw new Error(`No answer for ${filePath}`);
      return { issues: answer.issues, skipped: answer.skipped ?? null };
    },
    event: (matches, seconds) => eventOf(events, matches, seconds),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await exited;
      clearTimeout(timer);
      if (options.privateDir === undefined) await rm(ownDir, { recursive: true, force: true });
    },
  };
  const hello = await driver.request("initialize", {
    projectDir: options.projectDir,
    profilesDir: options.profilesDir,
    target: options.target,
    workspaceDir: options.workspaceDir,
    privateDir: ownDir,
  });
  return { ...driver, hello };
}
