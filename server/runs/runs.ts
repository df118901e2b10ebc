import type { Run, RunHead, RunNode, RunRequest } from "../../protocol/run.ts";
import type { RunChange } from "../../protocol/requests.ts";
import type { RedactingLog } from "../platform/log.ts";
import { pathKey } from "../platform/uri.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtConfigurationError, DbtError } from "../plugins/errors.ts";
import { invoke, whyNot } from "./invoke.ts";
import type { ProjectFolders } from "./nodeFiles.ts";
import { hasEnded, RunRecord } from "./runRecord.ts";

/** A client hears of one run at most every so many milliseconds. */
const pauseMs = 100;
/** Runs that are remembered for a project. */
const maxRuns = 50;

/** What a run needs of a dbt project. */
export interface RunProject {
  readonly ref: ProjectRef;
  readonly config: ProjectFolders;
  readonly status: { target: string | null };
  /** @throws DbtError where the project's runtime is not there */
  plugin(): DbtPlugin;
}

export interface RunsDeps {
  log: RedactingLog;
  /** A run began, moved on or ended. */
  onChange: (change: RunChange) => void;
  /** A node came to its end, while the run goes on or from its result. */
  onNode?: (run: RunHead, node: RunNode, project: RunProject) => void;
}

interface Entry {
  record: RunRecord;
  project: RunProject;
  abort: AbortController;
  /** Resolves when it has ended, whatever became of it. */
  ended: Promise<null>;
  end: () => void;
  lastTold: number;
  timer: NodeJS.Timeout | null;
}

/**
 * The runs of every project. Where a runtime cannot run two commands at once, a second run waits in the project's queue and
 * says for what.
 */
export class Runs implements AsyncDisposable {
  readonly #deps: RunsDeps;
  readonly #entries = new Map<string, Entry>();
  #closing = false;

  constructor(deps: RunsDeps) {
    this.#deps = deps;
  }

  /**
   * Puts a run into the queue.
   * @throws DbtError if the project's runtime is not there, or lacks the verb
   */
  start(request: RunRequest, project: RunProject): string {
    const plugin = project.plugin();
    const reason = whyNot(request, plugin);
    if (reason !== null) throw new DbtConfigurationError(reason);
    const record = new RunRecord({
      request: { ...request, projectDir: project.ref.projectDir },
      runtime: plugin.runtime,
      target: project.status.target,
      targetOption: project.ref.target,
      folders: project.config,
      clean: (text) => this.#deps.log.redactValues(text),
    });
    const ended = Promise.withResolvers<null>();
    const entry: Entry = {
      record,
      project,
      abort: new AbortController(),
      ended: ended.promise,
      end: () => ended.resolve(null),
      lastTold: 0,
      timer: null,
    };
    this.#entries.set(record.head.id, entry);
    this.#next(project.ref.projectDir);
    this.#tell(entry);
    return record.head.id;
  }

  /** Resolves when the run has ended; at once where it has, or is not known. */
  async cancel(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#stop(entry);
    await entry.ended;
  }

  /** The newest first. */
  all(projectDir?: string): Run[] {
    return this.#of(projectDir)
      .map(({ record }) => record.run)
      .reverse();
  }

  /** @returns null if there is no such run */
  logOf(id: string, uniqueId?: string): string | null {
    return this.#entries.get(id)?.record.log.text(uniqueId) ?? null;
  }

  /** What the last run that had this node says of it. */
  lastOf(projectDir: string, uniqueId: string): RunNode | null {
    for (const { record } of this.#of(projectDir).reverse()) {
      const node = record.nodes.find((each) => each.uniqueId === uniqueId);
      if (node) return node;
    }
    return null;
  }

  /** Forgets the runs that have ended. */
  clear(projectDir?: string): void {
    for (const { record } of this.#of(projectDir)) {
      if (hasEnded(record.head.state)) this.#entries.delete(record.head.id);
    }
  }

  /** The editor is closing: everything ends, and is remembered as interrupted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const going = [...this.#entries.values()].filter(({ record }) => !hasEnded(record.head.state));
    for (const entry of going) this.#stop(entry);
    await Promise.all(going.map(({ ended }) => ended));
    for (const { timer } of this.#entries.values()) clearTimeout(timer ?? undefined);
  }

  #of(projectDir?: string): Entry[] {
    const entries = [...this.#entries.values()];
    if (projectDir === undefined) return entries;
    const key = pathKey(projectDir);
    return entries.filter(({ record }) => pathKey(record.head.request.projectDir) === key);
  }

  #stop(entry: Entry): void {
    const { record, abort } = entry;
    if (hasEnded(record.head.state)) return;
    abort.abort();
    if (record.head.state !== "queued") return;
    record.cancelled(this.#closing ? "interrupted" : "cancelled");
    this.#ended(entry);
  }

  /** Starts what can be started in a project, and says of the rest what it waits for. */
  #next(projectDir: string): void {
    if (this.#closing) return;
    const entries = this.#of(projectDir);
    let ahead = entries.findLast(({ record }) => record.head.state === "running");
    for (const entry of entries) {
      if (entry.record.head.state !== "queued") continue;
      if (!ahead || this.#runsInParallel(entry)) {
        void this.#run(entry);
      } else {
        const message = `Waits for ${ahead.record.head.command}`;
        if (entry.record.head.message !== message) {
          entry.record.waitsFor(message);
          this.#tell(entry);
        }
      }
      ahead = entry;
    }
  }

  #runsInParallel({ project }: Entry): boolean {
    try {
      return project.plugin().supportsParallelExecution();
    } catch {
      return false;
    }
  }

  /** Never rejects: what happened is in the record. */
  async #run(entry: Entry): Promise<void> {
    const { record, project, abort } = entry;
    record.started();
    this.#tell(entry);
    try {
      const result = await invoke(record.head.request, project.plugin(), project.ref, {
        signal: abort.signal,
        onEvent: (event) => {
          const node = record.event(event);
          if (node) this.#deps.onNode?.(record.head, node, project);
          this.#tell(entry);
        },
      });
      record.finished(result);
      for (const node of record.nodes) this.#deps.onNode?.(record.head, node, project);
    } catch (error) {
      if (abort.signal.aborted || error instanceof DbtCancelledError) {
        record.cancelled(this.#closing ? "interrupted" : "cancelled");
      } else {
        this.#failed(record, error);
      }
    }
    this.#ended(entry);
    this.#next(project.ref.projectDir);
  }

  #failed(record: RunRecord, error: unknown): void {
    if (error instanceof DbtError) {
      this.#deps.log.warn(`${record.head.command}: ${error.message}`);
      record.failed(error.message, error.remedy);
      return;
    }
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#deps.log.error(`${record.head.command} failed: ${words}`);
    record.failed("It did not work because of a mistake in Floe dbt itself. The log says more.", undefined);
  }

  #ended(entry: Entry): void {
    const removed = this.#forgetOldest(entry.record.head.request.projectDir);
    this.#tell(entry);
    if (removed.length > 0) {
      this.#deps.onChange({ run: { ...entry.record.head }, nodes: entry.record.takeChanged(), removed });
    }
    entry.end();
  }

  #forgetOldest(projectDir: string): string[] {
    const ended = this.#of(projectDir).filter(({ record }) => hasEnded(record.head.state));
    const ids = ended.slice(0, Math.max(0, ended.length - maxRuns)).map(({ record }) => record.head.id);
    for (const id of ids) this.#entries.delete(id);
    return ids;
  }

  /** At once where the last time is long enough ago, else when it is: many events cost one message. */
  #tell(entry: Entry): void {
    if (entry.timer !== null) return;
    const tell = (): void => {
      entry.timer = null;
      entry.lastTold = performance.now();
      this.#deps.onChange({ run: { ...entry.record.head }, nodes: entry.record.takeChanged() });
    };
    const due = entry.lastTold + pauseMs - performance.now();
    if (entry.lastTold === 0 || due <= 0) tell();
    else if (!this.#closing) entry.timer = setTimeout(tell, due);
  }
}
