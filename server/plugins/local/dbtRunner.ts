import type { WorkerMethod, WorkerRequests, WorkerRows } from "../../../protocol/worker.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { Command } from "../../platform/process.ts";
import { withAdvice } from "../advice.ts";
import type { Call } from "../dbtPlugin.ts";
import { DbtCancelledError, DbtConfigurationError, DbtExecutionError } from "../errors.ts";
import { dbtArguments, parseArguments, type DbtInvocation } from "./dbtArguments.ts";
import { DbtEventReader, plain, type DbtOutcome } from "./dbtEvents.ts";
import { restartRemedy } from "./environmentProblems.ts";
import {
  WorkerConnection,
  WorkerGoneError,
  WorkerRequestError,
  type RequestOptions,
  type WorkerResult,
} from "./workerConnection.ts";

/** How to start the process. When `key` is another than last time (Python, its packages, variables), it is started anew. */
export interface RunnerLaunch {
  command: Command;
  key: string;
  projectDir: string;
  /** For what is parsed ahead. */
  privateDir: string;
  /** That of the process that lints the project, for the same target: what it has parsed is not parsed again. */
  headStart: string;
  idleMinutes: number;
}

/** A command may be silent for hours, while the warehouse works. In seconds; the longest a timer takes. */
const noLimit = 2_000_000;
/** dbt lets go of the warehouse in about a second; after this it is ended. */
const cancelSeconds = { letGo: 30, kill: 1.8 };
/** A process that cannot be started is not tried again for this time: the command line does its work. */
const giveUpSeconds = 60;

/**
 * One project's second Python process: dbt imported, the project parsed, one command at a time. Started when first needed,
 * ended when unused, when its environment changed and after a cancel.
 */
export class DbtRunner {
  readonly #log: RedactingLog;
  readonly #onCancelled: () => void;
  #connection: WorkerConnection | undefined;
  /** The same process, once it has imported dbt; null where it cannot. */
  #started: { key: string; connection: Promise<WorkerConnection | null> } | undefined;
  #idle: NodeJS.Timeout | undefined;
  #failed: { key: string; until: number } | undefined;

  /** @param onCancelled is told when a cancel has ended the process: the next command would find none */
  constructor(log: RedactingLog, onCancelled: () => void = () => undefined) {
    this.#log = log;
    this.#onCancelled = onCancelled;
  }

  get pid(): number | undefined {
    return this.#connection?.pid;
  }

  /**
   * @param partialParse where dbt would leave its partial parse; undefined: the user's target/ is not to be touched
   * @returns null where dbt's own command line is to do it
   * @throws DbtCancelledError, DbtExecutionError if the process died
   */
  async run(
    launch: RunnerLaunch,
    invocation: DbtInvocation,
    call: Call,
    partialParse?: string,
  ): Promise<DbtOutcome | null> {
    const clean = (text: string): string => this.#log.redactValues(plain(text));
    const reader = new DbtEventReader(call, clean);
    const args = dbtArguments(invocation);
    const parseArgs = parseArguments(invocation);
    const startedAt = performance.now();
    const ran = await this.#request(
      launch,
      "run",
      {
        args,
        ...(parseArgs && parsed(launch, invocation, parseArgs)),
        ...(partialParse !== undefined && { partialParse }),
      },
      {
        signal: call.signal,
        onEvent: (event) => {
          if (event.event === "dbt") reader.read(event.line);
        },
      },
    );
    if (ran === null || ran.usage) return null;
    const seconds = (performance.now() - startedAt) / 1000;
    this.#log.info(`dbt ${args.join(" ")} · exit ${ran.exitCode} · ${seconds.toFixed(2)} s`);
    return { ...reader.outcome, exitCode: ran.exitCode, seconds };
  }

  /** @throws DbtExecutionError with the warehouse's words, DbtCancelledError */
  async query(
    launch: RunnerLaunch,
    params: WorkerRequests["query"]["params"],
    call: Call,
  ): Promise<WorkerRows> {
    const rows = await this.#request(launch, "query", params, {
      signal: call.signal,
      onEvent: ({ event }) => {
        if (event !== "progress") return;
        call.onEvent?.({ type: "log", level: "debug", message: "The query is with the warehouse." });
      },
    });
    if (rows !== null) return rows;
    throw new DbtExecutionError("dbt could not be started to run the query.", { remedy: restartRemedy });
  }

  /** Starts the process where none runs, and has it parse what this command would. A command goes first. */
  async prepare(launch: RunnerLaunch, invocation: DbtInvocation): Promise<void> {
    const parseArgs = parseArguments(invocation);
    if (this.#connection || !parseArgs) return;
    const answer = await this.#request(launch, "warm", parsed(launch, invocation, parseArgs), {});
    if (answer) this.#log.info(`dbt is ready for runs of ${launch.projectDir}.`);
  }

  filesChanged(paths: readonly string[]): void {
    this.#connection?.notify("filesChanged", { paths: [...paths] });
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#end(this.#connection);
  }

  async #end(connection: WorkerConnection | undefined): Promise<void> {
    if (connection === this.#connection) this.#connection = this.#started = undefined;
    await connection?.stop();
  }

  /** @returns null where no process can be started */
  async #request<Method extends WorkerMethod>(
    launch: RunnerLaunch,
    method: Method,
    params: WorkerRequests[Method]["params"],
    options: RequestOptions,
  ): Promise<WorkerResult<Method> | null> {
    clearTimeout(this.#idle);
    let connection: WorkerConnection | null | undefined;
    try {
      connection = await this.#connectedUnless(options.signal, launch);
      return connection && (await connection.request(method, params, options));
    } catch (error) {
      if (!connection) throw error;
      const cancelled = options.signal?.aborted === true;
      // What dbt holds after an interrupt is not for the next command.
      if (cancelled || error instanceof WorkerGoneError) await this.#end(connection);
      if (cancelled) throw new DbtCancelledError(`dbt ${method} was cancelled.`);
      if (error instanceof WorkerGoneError && error.why === "stopped") {
        throw new DbtCancelledError(error.message);
      }
      throw this.#asDbtError(error);
    } finally {
      this.#watchIdle(launch.idleMinutes);
      if (options.signal?.aborted && !this.#connection) this.#onCancelled();
    }
  }

  /** The import of dbt takes a second or more, and nothing interrupts it: whoever cancels ends the process. */
  async #connectedUnless(
    signal: AbortSignal | undefined,
    launch: RunnerLaunch,
  ): Promise<WorkerConnection | null> {
    let ended: Promise<void> | undefined;
    const end = (): void => void (ended = this.stop());
    signal?.addEventListener("abort", end, { once: true });
    try {
      if (signal?.aborted) throw new DbtCancelledError("Cancelled.");
      const connection = await this.#connected(launch);
      if (signal?.aborted) throw new DbtCancelledError("Cancelled.");
      return connection;
    } finally {
      signal?.removeEventListener("abort", end);
      await ended;
    }
  }

  async #connected(launch: RunnerLaunch): Promise<WorkerConnection | null> {
    if (this.#started?.key === launch.key) return await this.#started.connection;
    if (this.#failed?.key === launch.key && Date.now() < this.#failed.until) return null;
    await this.stop();
    const connection = new WorkerConnection(launch.command, {
      log: this.#log,
      timeLimitSeconds: noLimit,
      cancelSeconds,
      onEvent: () => undefined,
      onGone: (reason) => {
        if (this.#connection === connection) this.#connection = this.#started = undefined;
        if (reason.why !== "stopped") this.#log.debug(reason.message);
      },
    });
    this.#connection = connection;
    this.#started = { key: launch.key, connection: this.#initialized(connection, launch) };
    return await this.#started.connection;
  }

  async #initialized(
    connection: WorkerConnection,
    { key, projectDir, privateDir }: RunnerLaunch,
  ): Promise<WorkerConnection | null> {
    try {
      await connection.request("initialize", { projectDir, privateDir });
      return connection;
    } catch (error) {
      await this.#end(connection);
      if (error instanceof WorkerGoneError && error.why === "stopped") {
        throw new DbtCancelledError(error.message);
      }
      this.#failed = { key, until: Date.now() + giveUpSeconds * 1000 };
      this.#log.info(`dbt cannot be kept ready, its command line is used: ${String(error)}`);
      return null;
    }
  }

  #asDbtError(error: unknown): Error {
    const message = this.#log.redactValues(error instanceof Error ? error.message : String(error));
    if (error instanceof WorkerRequestError && error.error.kind === "configuration") {
      const { filePath, line } = error.error;
      return new DbtConfigurationError(message, {
        ...(typeof filePath === "string" && { filePath }),
        ...(typeof line === "number" && line > 0 && { line }),
      });
    }
    return new DbtExecutionError(withAdvice(message));
  }

  #watchIdle(minutes: number): void {
    clearTimeout(this.#idle);
    if (!this.#connection || this.#connection.busy) return;
    this.#idle = setTimeout(() => void this.stop(), minutes * 60_000);
    this.#idle.unref();
  }
}

/** Variables make another project of it: what was parsed without them would not do. */
function parsed(
  { headStart }: RunnerLaunch,
  { selection }: DbtInvocation,
  parseArgs: string[],
): WorkerRequests["warm"]["params"] {
  return { parseArgs, ...(selection.vars === undefined && { headStart }) };
}
