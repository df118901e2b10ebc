import type { Remedy } from "../../../protocol/runtime.ts";
import type { ProjectState } from "../../../protocol/runtime.ts";
import type {
  WorkerEvent,
  WorkerHello,
  WorkerInitialize,
  WorkerMethod,
  WorkerRequests,
} from "../../../protocol/worker.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { Command } from "../../platform/process.ts";
import {
  DbtCancelledError,
  DbtCompilationError,
  DbtConfigurationError,
  DbtEnvironmentError,
  DbtError,
  DbtExecutionError,
  DbtLintError,
  type DbtErrorDetails,
} from "../errors.ts";
import { notableVersions, restartRemedy, settingsRemedy } from "./environmentProblems.ts";
import {
  WorkerConnection,
  WorkerGoneError,
  WorkerRequestError,
  type RequestOptions,
  type WorkerResult,
} from "./workerConnection.ts";

export interface WorkerStatus {
  state: ProjectState;
  reason?: string;
  remedy?: Remedy;
  /** What `reason` is about, where it is in a file. */
  place?: Place;
  versions?: Record<string, string>;
  read?: ReadCount;
}

/** Either is another number when dbt knows the project in another way. */
export interface ReadCount {
  /** Files may render in another way. */
  generation: number;
  /** There is something new to tell of its nodes. */
  manifest: number;
}

/** An absolute path, and a line from 1 where it is known. */
export interface Place {
  filePath: string;
  line?: number;
}

/** Why files are linted without all that dbt knows, in the words of the worker or of its environment. */
export interface Shortcoming {
  reason: string;
  place?: Place;
}

/** How to start a worker, found out anew for every start, so that a mended environment is seen. */
export interface WorkerLaunch {
  command: Command;
  initialize: WorkerInitialize;
  timeLimitSeconds: number;
  idleMinutes: number;
  /** What is less than it should be with this environment although linting works. */
  limits?: Limits;
}

export interface Limits extends Shortcoming {
  remedy: Remedy;
  /** There is no linter. */
  stopsLinting: boolean;
  /** Too little for all that the product does, even where the worker misses nothing. */
  degraded: boolean;
  /** Where the worker lints without dbt, this is why. */
  explains: boolean;
}

export interface WorkerSupervisorDeps {
  log: RedactingLog;
  /** @throws DbtError where no worker can be started */
  launch: () => Promise<WorkerLaunch>;
  onStatus: (status: WorkerStatus) => void;
  /**
   * Seconds to wait before the start after the first, second ... crash within a minute; after the last, no more starts.
   */
  backOffSeconds?: readonly number[];
}

interface Running {
  connection: WorkerConnection;
  hello: WorkerHello;
  launch: WorkerLaunch;
}

interface Works {
  state: "ready" | "degraded";
  said: Shortcoming | null;
  read?: ReadCount;
}

const usualBackOffSeconds = [0, 0.5, 2, 8];
const crashWindowSeconds = 60;
/** An environment that cannot lint is looked at again after this time, or at once after `stop`. */
const failureSeconds = 10;

/**
 * Keeps one worker for one project and target: started when first needed, replaced when it dies, hangs or talks rubbish,
 * given up with a message when it keeps dying, ended when unused.
 */
export class WorkerSupervisor {
  readonly #deps: WorkerSupervisorDeps;
  readonly #backOffSeconds: readonly number[];
  #running: Promise<Running> | undefined;
  #connection: WorkerConnection | undefined;
  #launch: WorkerLaunch | undefined;
  #crashes: number[] = [];
  #failure: { error: DbtError; until: number } | undefined;
  #idle: NodeJS.Timeout | undefined;
  #stopping = new AbortController();
  #status: WorkerStatus = { state: "idle" };
  #shortcoming: Shortcoming | null = null;
  /** What a running worker last said of itself, without what its environment lacks. */
  #works: Works | undefined;

  constructor(deps: WorkerSupervisorDeps) {
    this.#deps = deps;
    this.#backOffSeconds = deps.backOffSeconds ?? usualBackOffSeconds;
  }

  get status(): WorkerStatus {
    return this.#status;
  }

  get pid(): number | undefined {
    return this.#connection?.pid;
  }

  /** Null while the worker has all that dbt knows, or does not run. */
  get shortcoming(): Shortcoming | null {
    return this.#shortcoming;
  }

  /**
   * Sends a request to the worker, which is started and the project parsed if they are not. A request that dies with the
   * worker is tried once more on a new one: linting and fixing change nothing. One that `needsLinter` is refused where
   * there is none.
   * @throws DbtError
   */
  async request<Method extends WorkerMethod>(
    method: Method,
    params: WorkerRequests[Method]["params"],
    options: RequestOptions & { needsLinter?: boolean } = {},
  ): Promise<WorkerResult<Method>> {
    clearTimeout(this.#idle);
    try {
      for (let attempt = 0; ; attempt++) {
        const running = await orAborted(this.#ready(), options.signal);
        const { limits } = running.launch;
        if (options.needsLinter && limits?.stopsLinting) {
          throw new DbtEnvironmentError(limits.reason, { remedy: limits.remedy });
        }
        try {
          return await running.connection.request(method, params, options);
        } catch (error) {
          if (error instanceof WorkerGoneError && error.why === "crashed" && attempt === 0) continue;
          throw error;
        }
      }
    } catch (error) {
      const failure = asDbtError(error, method, params, (text) => this.#deps.log.redactValues(text));
      // What is wrong with the worker is no matter of linting for who asked for something else.
      const isLint = method === "lint" || method === "fix" || !(failure instanceof DbtLintError);
      if (isLint) throw failure;
      throw new DbtExecutionError(failure.message, failure.remedy ? { remedy: failure.remedy } : {});
    } finally {
      this.#watchIdle();
    }
  }

  /** Asks the worker only if one runs, and waits at most this long. @returns null where there is no answer */
  async ask<Method extends WorkerMethod>(
    method: Method,
    params: WorkerRequests[Method]["params"],
    seconds: number,
  ): Promise<WorkerResult<Method> | null> {
    const connection = this.#connection;
    if (!connection) return null;
    try {
      return await connection.request(method, params, {
        signal: AbortSignal.timeout(seconds * 1000),
        patient: true,
      });
    } catch {
      return null;
    }
  }

  filesChanged(paths: readonly string[]): void {
    this.#connection?.notify("filesChanged", { paths: [...paths] });
  }

  /** The profile of a running worker may ask for another environment than the one it was started for. */
  environmentChanged(limits: Limits | undefined): void {
    const launch = this.#launch;
    if (!launch || !this.#works || !this.#connection) return;
    if (limits) launch.limits = limits;
    else delete launch.limits;
    this.#tellWorks(this.#works);
  }

  /** Ends the worker and forgets its failures; the next request starts afresh. */
  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    this.#stopping.abort();
    this.#stopping = new AbortController();
    this.#crashes = [];
    this.#failure = undefined;
    const connection = this.#connection;
    this.#running = undefined;
    this.#connection = undefined;
    await connection?.stop();
    // A request that came while the old worker ended may have started a new one.
    if (!this.#isRunning()) this.#tell({ state: "idle" });
  }

  #isRunning(): boolean {
    return this.#running !== undefined;
  }

  #ready(): Promise<Running> {
    if (this.#running) return this.#running;
    if (this.#failure && Date.now() < this.#failure.until) return Promise.reject(this.#failure.error);
    const starting = this.#start(this.#stopping.signal).catch((error: unknown) => {
      if (this.#running === starting) this.#running = undefined;
      throw error;
    });
    this.#running = starting;
    return starting;
  }

  async #start(stopped: AbortSignal): Promise<Running> {
    this.#failure = undefined;
    try {
      await this.#backOff(stopped);
      this.#tell({ state: "starting" });
      const launch = await this.#deps.launch();
      if (stopped.aborted) throw new WorkerGoneError("stopped", "The Python worker was stopped.");
      return await this.#connect(launch);
    } catch (error) {
      if (stopped.aborted) throw error;
      if (error instanceof DbtError) {
        this.#failure = { error, until: Date.now() + failureSeconds * 1000 };
        this.#tell(failedStatus(error));
      }
      throw error;
    }
  }

  async #backOff(stopped: AbortSignal): Promise<void> {
    const since = Date.now() - crashWindowSeconds * 1000;
    this.#crashes = this.#crashes.filter((at) => at > since);
    const crashes = this.#crashes.length;
    if (crashes > this.#backOffSeconds.length) {
      throw new DbtLintError(
        `The Python worker ended unexpectedly ${crashes} times within a minute and is not started again by itself.`,
        { remedy: restartRemedy },
      );
    }
    const seconds = crashes === 0 ? 0 : (this.#backOffSeconds[crashes - 1] ?? 0);
    if (seconds === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      stopped.addEventListener(
        "abort",
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
  }

  async #connect(launch: WorkerLaunch): Promise<Running> {
    const connection = new WorkerConnection(launch.command, {
      log: this.#deps.log,
      timeLimitSeconds: launch.timeLimitSeconds,
      onEvent: (event) => {
        if (this.#connection === connection) this.#onEvent(event);
      },
      onGone: (reason) => {
        if (this.#connection === connection) this.#onGone(reason);
      },
    });
    this.#connection = connection;
    this.#launch = launch;
    this.#shortcoming = null;
    this.#works = undefined;
    const hello = await connection.request("initialize", launch.initialize);
    this.#tell({
      state: "parsing",
      versions: { ...notableVersions(hello.versions), "python path": launch.command.file },
    });
    const parsed = await connection.request("parse", {});
    // Its event said the same before, with the place.
    if (this.#status.state === "parsing") {
      this.#tellWorks({ state: parsed.state, said: shortcomingOf(parsed.reason) });
    }
    return { connection, hello, launch };
  }

  #onGone(reason: WorkerGoneError): void {
    this.#connection = undefined;
    this.#running = undefined;
    this.#works = undefined;
    if (reason.why === "stopped") return;
    this.#deps.log.warn(reason.message);
    if (reason.why !== "timeLimit") this.#crashes.push(Date.now());
    if (this.#crashes.length > this.#backOffSeconds.length) {
      // The next request says it too; a person need not wait for it.
      const message =
        `The Python worker ended unexpectedly ${this.#crashes.length} times within a minute ` +
        `and is not started again by itself. The last time: ${reason.message}`;
      this.#tell({ state: "failed", reason: message, remedy: restartRemedy });
    } else {
      this.#tell({ state: "idle", reason: reason.message });
    }
  }

  #onEvent(event: WorkerEvent): void {
    if (event.event !== "status") return;
    const said = shortcomingOf(event.reason, event);
    const { generation = 0, manifest = 0 } = event;
    if (event.state === "ready" || event.state === "degraded")
      this.#tellWorks({ state: event.state, said, read: { generation, manifest } });
    else this.#tell({ state: event.state, ...said });
  }

  /** What is wrong with the environment explains what dbt says in it, and can be repaired. */
  #tellWorks(works: Works): void {
    this.#works = works;
    const { state, said, read } = works;
    const limits = this.#launch?.limits;
    const why = limits && (!said || limits.explains) ? limits : said;
    const words = why && {
      reason: this.#deps.log.redactValues(why.reason),
      ...(why.place && { place: why.place }),
    };
    this.#shortcoming = state === "degraded" ? words : null;
    this.#tell({
      state: limits?.degraded === true ? "degraded" : state,
      ...words,
      ...(limits && why === limits && { remedy: limits.remedy }),
      ...(read && { read }),
    });
  }

  #tell(status: WorkerStatus): void {
    const versions = status.versions ?? this.#status.versions;
    const reason = status.reason === undefined ? undefined : this.#deps.log.redactValues(status.reason);
    const next = { ...status, ...(reason !== undefined && { reason }), ...(versions && { versions }) };
    if (JSON.stringify(next) === JSON.stringify(this.#status)) return;
    this.#status = next;
    this.#deps.onStatus(next);
  }

  #watchIdle(): void {
    clearTimeout(this.#idle);
    const launch = this.#launch;
    if (!this.#connection || !launch || this.#connection.busy) return;
    this.#idle = setTimeout(() => void this.stop(), launch.idleMinutes * 60_000);
    this.#idle.unref();
  }
}

function shortcomingOf(
  reason: string | null | undefined,
  place: { filePath?: string | null | undefined; line?: number | null | undefined } = {},
): Shortcoming | null {
  if (reason === null || reason === undefined) return null;
  const { filePath, line } = place;
  if (typeof filePath !== "string") return { reason };
  return { reason, place: { filePath, ...(typeof line === "number" && line > 0 && { line }) } };
}

function failedStatus({ message, remedy, filePath, line }: DbtError): WorkerStatus {
  return {
    state: "failed",
    ...(shortcomingOf(message, { filePath, line }) ?? { reason: message }),
    ...(remedy && { remedy }),
  };
}

/** The caller is let go when its signal fires; the start itself goes on for the others. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const aborted = new DbtCancelledError("Cancelled.");
  if (signal.aborted) {
    void work.catch(() => undefined);
    throw aborted;
  }
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(aborted);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  });
}

const errorOfKind = {
  compilation: DbtCompilationError,
  execution: DbtExecutionError,
  lint: DbtLintError,
  configuration: DbtConfigurationError,
  environment: DbtEnvironmentError,
  cancelled: DbtCancelledError,
  internal: DbtLintError,
};

function asDbtError(
  error: unknown,
  method: WorkerMethod,
  params: unknown,
  clean: (text: string) => string,
): DbtError {
  if (error instanceof DbtError) return error;
  if (error instanceof WorkerRequestError) {
    const { kind, message, filePath, line, column } = error.error;
    const details: DbtErrorDetails = {
      ...(typeof filePath === "string" && { filePath }),
      ...(typeof line === "number" && line > 0 && { line }),
      ...(typeof column === "number" && column > 0 && { column }),
    };
    return new errorOfKind[kind](clean(message), details);
  }
  if (error instanceof WorkerGoneError) {
    if (error.why === "stopped") return new DbtCancelledError(error.message);
    if (error.why === "timeLimit") {
      const message = error.message.startsWith("took")
        ? `${subject(method, params)} ${error.message}; the Python worker was replaced.`
        : error.message;
      return new DbtLintError(message, { remedy: settingsRemedy("floeDbt.lint.timeLimit") });
    }
    return new DbtLintError(clean(error.message), { remedy: restartRemedy });
  }
  return new DbtLintError(error instanceof Error ? error.message : String(error), { cause: error });
}

function subject(method: WorkerMethod, params: unknown): string {
  const { paths, path } = params as { paths?: unknown; path?: unknown };
  if (typeof path === "string") return `${method === "compile" ? "Compiling" : "Fixing"} ${path}`;
  return Array.isArray(paths) && paths.length === 1 ? `Linting ${String(paths[0])}` : "Linting";
}
