import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { testPython } from "../environment.ts";

/** One step of a run, as the emulator wants it carried out. */
export interface Step {
  /** Arguments after `dbt`. */
  args: string[];
  /** The checkout. */
  cwd: string;
  /** Where its artifacts go. */
  targetDir: string;
  profilesDir: string;
  /** File the log goes to. */
  logFile: string;
  env: Record<string, string>;
  signal: AbortSignal;
}

/** Where runs are carried out, one after another: always the same folder, so that dbt need not parse everything anew. */
export interface Workplace {
  checkout: string;
  profiles: string;
  warehouse: string;
  partialParse: string;
}

export interface StepEngine extends AsyncDisposable {
  /** Has the workplace alone while it works. */
  atWork<Result>(work: (place: Workplace) => Promise<Result>): Promise<Result>;
  /** @returns the exit code */
  run(step: Step): Promise<number>;
}

/** Real dbt: one Python that has it loaded and forks for each command. POSIX only, as the emulator's tests are. */
export function realDbt(): StepEngine {
  let server: Promise<ForkServer> | undefined;
  const dir = mkdtempSync(path.join(tmpdir(), "floe-dbt-cloud-dbt-"));
  const place: Workplace = {
    checkout: path.join(dir, "checkout"),
    profiles: path.join(dir, "profiles"),
    warehouse: path.join(dir, "warehouse.duckdb"),
    partialParse: path.join(dir, "partial_parse.msgpack"),
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    atWork(work) {
      const mine = last.then(() => work(place));
      last = mine.catch(() => undefined);
      return mine;
    },
    async run(step) {
      server ??= ForkServer.start();
      return (await server).run(step);
    },
    async [Symbol.asyncDispose]() {
      if (server) await (await server).stop();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

class ForkServer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, { pid?: number; done: (code: number) => void }>();
  #next = 0;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
  }

  static async start(): Promise<ForkServer> {
    const script = path.join(import.meta.dirname, "dbt_steps.py");
    const child = spawn(testPython("dbt111"), ["-u", script], { stdio: ["pipe", "pipe", "pipe"] });
    child.stderr.resume();
    const server = new ForkServer(child);
    await new Promise<void>((resolve, reject) => {
      child.once("exit", () => reject(new Error("The emulator's dbt did not start.")));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const message = JSON.parse(line) as { ready?: boolean; id?: number; pid?: number; exit?: number };
        if (message.ready) resolve();
        else server.#heard(message);
      });
    });
    return server;
  }

  async run({ args, cwd, targetDir, profilesDir, logFile, env, signal }: Step): Promise<number> {
    const id = (this.#next += 1);
    const all = [...args, "--project-dir", cwd, "--profiles-dir", profilesDir];
    const ended = new Promise<number>((done) => this.#waiting.set(id, { done }));
    this.#child.stdin.write(
      `${JSON.stringify({ id, args: all, cwd, env: { ...env, DBT_TARGET_PATH: targetDir }, log: logFile })}\n`,
    );
    const interrupt = (): void => {
      const pid = this.#waiting.get(id)?.pid;
      if (pid === undefined) return;
      process.kill(-pid, "SIGINT");
      setTimeout(() => {
        if (this.#waiting.has(id)) process.kill(-pid, "SIGKILL");
      }, 5000).unref();
    };
    signal.addEventListener("abort", interrupt, { once: true });
    try {
      return await ended;
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }

  #heard({ id, pid, exit }: { id?: number; pid?: number; exit?: number }): void {
    const waiting = this.#waiting.get(id ?? -1);
    if (!waiting) return;
    if (pid !== undefined) waiting.pid = pid;
    if (exit === undefined) return;
    this.#waiting.delete(id ?? -1);
    waiting.done(exit);
  }

  async stop(): Promise<void> {
    for (const { pid } of this.#waiting.values()) {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    }
    const gone = once(this.#child, "exit");
    this.#child.stdin.end();
    this.#child.kill();
    await gone;
  }
}
