import type { Socket } from "node:net";
import { execa, execaSync } from "execa";
import { gather, readingAhead } from "./gather.ts";
import { guardianScript, type Guardian } from "./guardian.ts";
import { lineReader } from "./lines.ts";
import type { Log } from "./log.ts";

/**
 * The only place that starts processes. Never through a shell: arguments are data. Each process leads a process group of
 * its own (Windows: a process tree), so that ending it ends its children too, and none outlives this process.
 */
export interface Command {
  file: string;
  args: readonly string[];
  cwd?: string;
  /** The whole environment; nothing is inherited, and of this no secret of ours (FLOE_SECRET_*) reaches a child. */
  env: NodeJS.ProcessEnv;
  /** How the log names it, where the arguments are long. */
  label?: string;
}

export interface RunOptions {
  log: Log;
  signal?: AbortSignal | undefined;
  timeLimitSeconds?: number;
  /** Characters kept of each of stdout and stderr: their ends. Default 1 million. */
  keep?: number;
  /** Every line of stdout or stderr as it comes; stdout lines above 8 million characters are dropped. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /**
   * The process cleans up on an interrupt (dbt closes its warehouse queries), so it gets one first and `graceSeconds` to
   * act on it. Its stdin is a pipe that stays open: a program may take its end for an interrupt, which is how Windows,
   * which has no SIGINT between processes, and the death of this process are covered.
   */
  interruptible?: boolean;
  graceSeconds?: number;
  /** The program does not watch its stdin, so it would outlive a kill of this process: it is ended then all the same. */
  guarded?: boolean;
}

export interface ProcessOutcome {
  /** Null where it was ended by a signal or never ran. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
  /** What ended it: by itself, the time limit, the signal of the caller, or it could not be started at all. */
  ended: "exited" | "timeLimit" | "cancelled" | "notStarted";
}

/** Runs to completion. Never rejects: what happened is in the outcome. */
export async function runToEnd(command: Command, options: RunOptions): Promise<ProcessOutcome> {
  if (options.signal?.aborted) {
    return { exitCode: null, stdout: "", stderr: "", seconds: 0, ended: "cancelled" };
  }
  const stdout = new Tail(options.keep);
  const stderr = new Tail(options.keep);
  const started = start(command, options.log, {
    stdin: options.interruptible === true,
    gathers: true,
    guarded: options.guarded === true,
    onOutput: (chunk, stream) => (stream === "stdout" ? stdout : stderr).add(chunk),
    ...(options.onLine && { onLine: options.onLine }),
  });
  let ended: ProcessOutcome["ended"] = "exited";
  const stop = (why: "timeLimit" | "cancelled") => (): void => {
    if (ended !== "exited") return;
    ended = why;
    void started.end({ interrupt: options.interruptible === true, graceSeconds: options.graceSeconds ?? 3 });
  };
  const onAbort = stop("cancelled");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const timer = options.timeLimitSeconds
    ? setTimeout(stop("timeLimit"), options.timeLimitSeconds * 1000)
    : undefined;
  const exit = await started.exited;
  clearTimeout(timer);
  options.signal?.removeEventListener("abort", onAbort);
  return {
    exitCode: exit.exitCode,
    stdout: stdout.text,
    stderr: exit.failedToStart ?? stderr.text,
    seconds: exit.seconds,
    ended: exit.failedToStart === undefined ? ended : "notStarted",
  };
}

export interface ProcessExit {
  exitCode: number | null;
  /** The signal that ended it: "SIGKILL", say. */
  signal?: string;
  seconds: number;
  /** The end of stderr. */
  stderrTail: string;
  /** Why it could not be started, in the system's words. */
  failedToStart?: string;
}

/** A long-lived process that speaks in lines. */
export interface LineProcess {
  readonly pid: number | undefined;
  /** Adds the line end. Silently nothing after the exit, which `exited` tells. */
  writeLine(line: string): void;
  /** Resolves once, when the process and its output have ended. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Ends the whole tree at once. */
  kill(): Promise<void>;
}

export interface LineProcessOptions {
  log: Log;
  onLine: (line: string) => void;
  /** A line was longer than `maxLineLength` (characters, default 64 million) and was dropped. */
  onOverlongLine?: () => void;
  maxLineLength?: number;
  onStderrLine?: (line: string) => void;
}

export function startLineProcess(command: Command, options: LineProcessOptions): LineProcess {
  const stderr = new Tail(8_000);
  const started = start(command, options.log, {
    stdin: true,
    maxLineLength: options.maxLineLength ?? 64_000_000,
    onOutput: (chunk, stream) => {
      if (stream === "stderr") stderr.add(chunk);
    },
    onLine: (line, stream) => {
      if (stream === "stdout") options.onLine(line);
      else options.onStderrLine?.(line);
    },
    ...(options.onOverlongLine && { onOverlongLine: options.onOverlongLine }),
  });
  return {
    pid: started.pid,
    writeLine: (line) => started.write(`${line}\n`),
    exited: started.exited.then((exit) => ({ ...exit, stderrTail: stderr.text })),
    kill: () => started.end({ interrupt: false, graceSeconds: 0 }),
  };
}

interface StartOptions {
  stdin: boolean;
  /** Output that comes in many small pieces is read in few: see `gather`. */
  gathers?: boolean;
  guarded?: boolean;
  maxLineLength?: number;
  onOutput: (chunk: Buffer, stream: "stdout" | "stderr") => void;
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  onOverlongLine?: () => void;
}

interface Started {
  pid: number | undefined;
  write(text: string): void;
  exited: Promise<Omit<ProcessExit, "stderrTail">>;
  /** Interrupt (if asked), SIGTERM, SIGKILL, each after the grace of the one before; 0 seconds: SIGKILL at once. */
  end(how: { interrupt: boolean; graceSeconds: number }): Promise<void>;
}

function start(command: Command, log: Log, options: StartOptions): Started {
  const startedAt = performance.now();
  const child = readingAhead(!options.gathers, () =>
    execa(command.file, command.args, {
      ...(command.cwd !== undefined && { cwd: command.cwd }),
      env: withoutOurSecrets(command.env),
      extendEnv: false,
      stdin: options.stdin ? "pipe" : "ignore",
      stdout: "pipe",
      stderr: "pipe",
      buffer: false,
      reject: false,
      cleanup: false,
      detached: !isWindows,
      windowsHide: true,
    }),
  );
  const { pid } = child;
  if (pid !== undefined) endWithThisProcess(pid);
  const guard = pid !== undefined && options.guarded ? guardian() : undefined;
  if (pid !== undefined) guard?.watch(pid);

  for (const stream of ["stdout", "stderr"] as const) {
    const lines = options.onLine
      ? lineReader(
          options.maxLineLength ?? 8_000_000,
          (line) => options.onLine?.(line, stream),
          options.onOverlongLine,
        )
      : undefined;
    const source = child[stream];
    const take = (chunk: Buffer): void => {
      options.onOutput(chunk, stream);
      lines?.push(chunk);
    };
    if (options.gathers) gather(source, child.nodeChildProcess, take);
    else source.on("data", take);
    source.on("end", () => lines?.end());
  }
  const stdin: NodeJS.WritableStream | null = child.stdin;
  // The process may end while we write; `exited` tells, the broken pipe says nothing more.
  stdin?.on("error", () => undefined);
  // What it leaves behind (a pool of its own, say) goes with it, and frees the pipes we read from.
  child.nodeChildProcess.once("exit", () => {
    if (pid !== undefined && !isWindows) signalGroup(pid, "SIGKILL");
  });

  const exited = child.then((result) => {
    if (pid !== undefined) livePids.delete(pid);
    if (pid !== undefined) guard?.release(pid);
    const seconds = (performance.now() - startedAt) / 1000;
    const exitCode = result.exitCode ?? null;
    const failedToStart = pid === undefined ? (result.originalMessage ?? "could not be started") : undefined;
    const how = failedToStart ?? `exit ${result.signal ?? String(exitCode)}`;
    log.info(
      `${command.label ?? [command.file, ...command.args].join(" ")} · ${how} · ${seconds.toFixed(2)} s`,
    );
    return {
      exitCode,
      seconds,
      ...(result.signal && { signal: result.signal }),
      ...(failedToStart !== undefined && { failedToStart }),
    };
  });

  return {
    pid,
    write(text) {
      if (stdin?.writable) stdin.write(text);
    },
    exited,
    async end({ interrupt, graceSeconds }) {
      if (pid === undefined) return;
      const gone = async (seconds: number): Promise<boolean> => {
        const late = new Promise<false>((resolve) => {
          const timer = setTimeout(resolve, seconds * 1000, false);
          void exited.then(() => clearTimeout(timer));
        });
        return Promise.race([exited.then(() => true), late]);
      };
      if (interrupt) {
        if (isWindows) stdin?.end();
        else signalGroup(pid, "SIGINT");
        if (await gone(graceSeconds)) return;
      }
      if (graceSeconds > 0 && !isWindows) {
        signalGroup(pid, "SIGTERM");
        if (await gone(1)) return;
      }
      if (isWindows) await execa("taskkill", taskkillArgs(pid), { reject: false, windowsHide: true });
      else signalGroup(pid, "SIGKILL");
      await exited;
    },
  };
}

const isWindows = process.platform === "win32";
const taskkillArgs = (pid: number): string[] => ["/PID", String(pid), "/T", "/F"];

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
}

const livePids = new Set<number>();
let watchesExit = false;

function endWithThisProcess(pid: number): void {
  livePids.add(pid);
  if (watchesExit) return;
  watchesExit = true;
  process.once("exit", () => {
    for (const live of livePids) {
      if (isWindows) execaSync("taskkill", taskkillArgs(live), { reject: false, windowsHide: true });
      else signalGroup(live, "SIGKILL");
    }
  });
}

let theGuardian: Guardian | undefined;

function guardian(): Guardian {
  if (theGuardian) return theGuardian;
  const child = execa(process.execPath, ["-e", guardianScript], {
    // An editor's own program is Node only where it is told so.
    env: { ELECTRON_RUN_AS_NODE: "1" },
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    buffer: false,
    reject: false,
    cleanup: false,
    detached: true,
    windowsHide: true,
  });
  const { stdin } = child;
  stdin.on("error", () => undefined);
  void child.then(() => (theGuardian = undefined));
  // It must not keep this process alive: it is there for its end.
  child.nodeChildProcess.unref();
  (stdin as Partial<Pick<Socket, "unref">>).unref?.();
  const tell = (line: string): void => {
    if (stdin.writable) stdin.write(`${line}\n`);
  };
  theGuardian = { watch: (pid) => tell(`+${pid}`), release: (pid) => tell(`-${pid}`) };
  return theGuardian;
}

/** The last `max` characters of what was added. */
class Tail {
  #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #max: number;

  constructor(max = 1_000_000) {
    this.#max = max;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#max * 2) return;
    const kept = Buffer.concat(this.#chunks).subarray(-this.#max);
    this.#chunks = [kept];
    this.#bytes = kept.length;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8").slice(-this.#max);
  }
}

/** dbt, Python and git have no use for the token of dbt Cloud, and what they print is not ours to watch. */
function withoutOurSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith("FLOE_SECRET_")),
  );
}
