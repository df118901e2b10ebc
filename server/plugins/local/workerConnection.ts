import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import {
  workerCompiledSchema,
  workerErrorSchema,
  workerEventSchema,
  workerFixedSchema,
  workerHelloSchema,
  workerLineSchema,
  workerLintedSchema,
  workerManifestSchema,
  workerParsedSchema,
  workerRanSchema,
  workerRowsSchema,
  workerStatusSchema,
  type WorkerError,
  type WorkerEvent,
  type WorkerMethod,
  type WorkerNotifications,
  type WorkerRequests,
} from "../../../protocol/worker.ts";
import type { Log } from "../../platform/log.ts";
import {
  startLineProcess,
  type Command,
  type LineProcess,
  type ProcessExit,
} from "../../platform/process.ts";
import { DbtCancelledError } from "../errors.ts";

export type WorkerResult<Method extends WorkerMethod> = WorkerRequests[Method]["result"];

const resultSchemas: { [Method in WorkerMethod]: z.ZodType } = {
  initialize: workerHelloSchema,
  parse: workerParsedSchema,
  lint: workerLintedSchema,
  fix: workerFixedSchema,
  compile: workerCompiledSchema,
  manifest: workerManifestSchema,
  warm: z.object({}),
  run: workerRanSchema,
  query: workerRowsSchema,
  status: workerStatusSchema,
  shutdown: z.object({}),
};

/** The worker answered a request with an error of its own. */
export class WorkerRequestError extends Error {
  readonly error: WorkerError;
  constructor(error: WorkerError) {
    super(error.message);
    this.error = error;
  }
}

/** The worker is not there any more, or must not be trusted any longer; every open request ends with this. */
export class WorkerGoneError extends Error {
  readonly why: "crashed" | "timeLimit" | "rubbish" | "stopped";
  constructor(why: WorkerGoneError["why"], message: string) {
    super(message);
    this.why = why;
  }
}

export interface WorkerConnectionOptions {
  log: Log;
  /** The worker must say something of an open request at least this often, unless it parses. */
  timeLimitSeconds: number;
  /** Seconds after a cancel until the caller is let go, and until a worker that does not answer is ended. */
  cancelSeconds?: { letGo: number; kill: number };
  /** Events that belong to no request. */
  onEvent: (event: WorkerEvent) => void;
  /** Told once, before the open requests fail: this connection is of no use any more. */
  onGone: (reason: WorkerGoneError) => void;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  onEvent?: (event: WorkerEvent) => void;
  /** Answering is not worth killing for: when the signal fires, only the wait ends. */
  patient?: boolean;
}

interface OpenRequest {
  method: WorkerMethod;
  settle: (outcome: { result: unknown } | { failure: Error }) => void;
  onEvent: ((event: WorkerEvent) => void) | undefined;
}

const usualCancelSeconds = { letGo: 3, kill: 10 };
/** Parsing a very large project takes minutes; nothing takes this long. */
const parseLimitSeconds = 1800;

/** One running worker: requests out, answers and events in, every line checked. Never restarts itself. */
export class WorkerConnection {
  readonly #process: LineProcess;
  readonly #options: WorkerConnectionOptions;
  readonly #open = new Map<number, OpenRequest>();
  #nextId = 1;
  #badLines = 0;
  #parsing = false;
  #watchdog: NodeJS.Timeout | undefined;
  /** Set once it is of no use any more; every request fails with it. */
  #end: WorkerGoneError | undefined;
  /** Resolves when the process has gone. */
  readonly gone: Promise<void>;

  constructor(command: Command, options: WorkerConnectionOptions) {
    this.#options = options;
    this.#process = startLineProcess(command, {
      log: options.log,
      onLine: (line) => {
        this.#read(line);
      },
      onOverlongLine: () => {
        this.#badLine("a line longer than 64 MB");
      },
      onStderrLine: (line) => {
        options.log.debug(`worker ${this.#process.pid ?? "?"}: ${line}`);
      },
    });
    this.gone = this.#process.exited.then((exit) => {
      this.#leave(new WorkerGoneError("crashed", `The Python worker ${howItEnded(exit)}`));
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get busy(): boolean {
    return this.#open.size > 0;
  }

  /** @throws WorkerRequestError, WorkerGoneError, DbtCancelledError */
  async request<Method extends WorkerMethod>(
    method: Method,
    params: WorkerRequests[Method]["params"],
    { signal, onEvent, patient }: RequestOptions = {},
  ): Promise<WorkerResult<Method>> {
    if (signal?.aborted) throw new DbtCancelledError("Cancelled.");
    if (this.#end) throw this.#end;
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => {
      const settle: OpenRequest["settle"] = (outcome) => {
        if ("failure" in outcome) reject(outcome.failure);
        else resolve(outcome.result);
      };
      this.#open.set(id, { method, settle, onEvent });
    });
    const onAbort = (): void => this.#cancel(id, patient === true);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (method === "parse" || method === "initialize") this.#parsing = true;
    this.#process.writeLine(JSON.stringify({ id, method, params }));
    this.#watch();
    try {
      // Checked against the schema of its method where it arrived.
      return (await answer) as WorkerResult<Method>;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  notify<Method extends keyof WorkerNotifications>(
    method: Method,
    params: WorkerNotifications[Method],
  ): void {
    this.#process.writeLine(JSON.stringify({ method, params }));
  }

  /** Ends the worker: politely, then after a second by force. Open requests fail with `stopped`. */
  async stop(): Promise<void> {
    this.#process.writeLine(JSON.stringify({ id: this.#nextId++, method: "shutdown", params: {} }));
    this.#leave(new WorkerGoneError("stopped", "The Python worker was stopped."));
    const timer = setTimeout(() => void this.#process.kill(), 1000);
    await this.gone;
    clearTimeout(timer);
  }

  #endWith(reason: WorkerGoneError): void {
    this.#leave(reason);
    void this.#process.kill();
  }

  #leave(reason: WorkerGoneError): void {
    if (this.#end) return;
    this.#end = reason;
    clearTimeout(this.#watchdog);
    this.#options.onGone(reason);
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const request of open) request.settle({ failure: reason });
  }

  #cancel(id: number, patient: boolean): void {
    const request = this.#open.get(id);
    if (!request) return;
    const letGo = (): void => request.settle({ failure: new DbtCancelledError("Cancelled.") });
    if (patient) {
      letGo();
      return;
    }
    this.notify("cancel", { id });
    const cancelSeconds = this.#options.cancelSeconds ?? usualCancelSeconds;
    setTimeout(letGo, cancelSeconds.letGo * 1000).unref();
    setTimeout(() => {
      // A parse is worth more than one worker: it goes on, and the cancelled request is answered after it.
      if (!this.#open.has(id) || this.#parsing) return;
      this.#endWith(
        new WorkerGoneError("timeLimit", "The Python worker did not react to a cancel and was replaced."),
      );
    }, cancelSeconds.kill * 1000).unref();
  }

  /** Starts the time limit anew: the worker has just said something, or been asked something. */
  #watch(): void {
    clearTimeout(this.#watchdog);
    if (this.#open.size === 0 || this.#end) return;
    const seconds = this.#parsing ? parseLimitSeconds : this.#options.timeLimitSeconds;
    this.#watchdog = setTimeout(() => {
      this.#endWith(new WorkerGoneError("timeLimit", `took longer than ${seconds} s`));
    }, seconds * 1000);
  }

  #read(text: string): void {
    if (text === "") return;
    const line = workerLineSchema.safeParse(parseJson(text));
    if (!line.success) {
      this.#badLine(text);
      return;
    }
    if ("event" in line.data) this.#readEvent(line.data);
    else this.#readAnswer(line.data);
  }

  #readEvent(line: { id?: number | undefined; event: string }): void {
    const event = workerEventSchema.safeParse(line);
    if (!event.success) {
      // An event this version does not know is no mistake; one it knows, in a wrong shape, is.
      if (["wave", "file", "progress", "status", "dbt", "log"].includes(line.event))
        this.#badLine(JSON.stringify(line));
      return;
    }
    const { data } = event;
    if (data.event === "log") {
      this.#options.log[data.level](`worker: ${data.message}`);
      return;
    }
    if (data.event === "status") this.#parsing = data.state === "parsing" || data.state === "starting";
    this.#watch();
    if (line.id === undefined) this.#options.onEvent(data);
    else this.#open.get(line.id)?.onEvent?.(data);
  }

  #readAnswer(line: { id: number; result?: unknown; error?: WorkerError }): void {
    const request = this.#open.get(line.id);
    if (!request) return;
    this.#open.delete(line.id);
    if (request.method === "parse" || request.method === "initialize") this.#parsing = false;
    this.#watch();
    if ("error" in line) {
      const error = workerErrorSchema.parse(line.error);
      const failure =
        error.kind === "cancelled" ? new DbtCancelledError("Cancelled.") : new WorkerRequestError(error);
      request.settle({ failure });
      return;
    }
    const result = resultSchemas[request.method].safeParse(line.result);
    if (result.success) {
      request.settle({ result: result.data });
      return;
    }
    const reason = new WorkerGoneError(
      "rubbish",
      `The Python worker gave an answer to "${request.method}" that cannot be read, and was replaced.`,
    );
    request.settle({ failure: reason });
    this.#endWith(reason);
  }

  #badLine(text: string): void {
    this.#badLines++;
    if (this.#badLines === 1) {
      this.#options.log.warn(
        `The Python worker wrote a line that is not of the protocol: ${text.slice(0, 200)}`,
      );
    }
    if (this.#badLines < 100) return;
    this.#endWith(new WorkerGoneError("rubbish", "The Python worker wrote rubbish and was replaced."));
  }
}

function howItEnded({ exitCode, signal, stderrTail, failedToStart }: ProcessExit): string {
  if (signal === "SIGKILL") {
    return "was ended from outside (SIGKILL), as a system does that is short of memory. Try again.";
  }
  const lastWords = failedToStart ?? stderrTail.trimEnd().split(/\r?\n/).at(-1) ?? "";
  return `${exitCode === null ? "was ended" : `ended with exit code ${exitCode}`}${lastWords && `: ${lastWords}`}`;
}
