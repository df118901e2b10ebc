import { nodeStatus, type Run, type RunNode, type RunRequest } from "../../protocol/run.ts";
import type { RunChange } from "../../protocol/requests.ts";
import type { RedactingLog } from "../platform/log.ts";
import { pathKey } from "../platform/paths.ts";
import type { Call, DbtEvent, DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtConfigurationError, DbtError } from "../plugins/errors.ts";
import { invoke, whyNot } from "./invoke.ts";
import type { ProjectFolders } from "./nodeFiles.ts";
import { NodePlaces } from "./nodePlace.ts";
import type { RunDiagnostics } from "./runDiagnostics.ts";
import type { RunHistory } from "./runHistory.ts";
import { hasEnded, RunRecord } from "./runRecord.ts";

/** A client hears of one run at most every so many milliseconds. */
const pauseMs = 100;
/** What is known of a run that goes on is written this often, in case the editor is killed. */
const saveEveryMs = 3_000;
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
  diagnostics: RunDiagnostics;
  history: RunHistory;
}

interface Entry {
  record: RunRecord;
  project: RunProject;
  places: NodePlaces;
  abort: AbortController;
  /** It was started before and goes on elsewhere, under this id: it is waited for, not started. */
  resumes: string | null;
  /** Resolves when it has ended, whatever became of it. */
  ended: Promise<null>;
  end: () => void;
  lastTold: number;
  lastSaved: number;
  timer: NodeJS.Timeout | null;
}

/**
 * The runs of every project. Where a runtime cannot run two commands at once, a second run waits in the project's queue and
 * says for what.
 */
export class Runs implements AsyncDisposable {
  readonly #deps: RunsDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #opened = new Map<string, Promise<void>>();
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
    const entry = newEntry(record, project);
    this.#entries.set(record.head.id, entry);
    this.#save(entry);
    this.#next(project.ref.projectDir);
    this.#tell(entry);
    return record.head.id;
  }

  /** Resolves when nothing of a project runs or waits. @throws DbtCancelledError once the signal fires */
  async idle(projectDir: string, signal: AbortSignal): Promise<void> {
    const going = (): Entry[] =>
      [...this.#entries.values()].filter(
        ({ record: { head } }) =>
          pathKey(head.request.projectDir) === pathKey(projectDir) && !hasEnded(head.state),
      );
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DbtCancelledError("Cancelled.")), { once: true });
    });
    aborted.catch(() => undefined);
    for (let entries = going(); entries.length > 0; entries = going()) {
      await Promise.race([Promise.all(entries.map(({ ended }) => ended)), aborted]);
    }
  }

  /** Reads the history of a project, once. */
  open(project: RunProject): void {
    const { projectDir } = project.ref;
    const key = pathKey(projectDir);
    if (this.#opened.has(key)) return;
    this.#opened.set(key, this.#restore(project));
  }

  /** Resolves when the history of every project is read. */
  async ready(): Promise<void> {
    await Promise.all(this.#opened.values());
  }

  async #restore(project: RunProject): Promise<void> {
    const { history, diagnostics, log } = this.#deps;
    const { projectDir } = project.ref;
    try {
      const { runs, found } = await history.load(projectDir);
      for (const stored of runs) {
        const wasGoingOn = !hasEnded(stored.run.state);
        const record = RunRecord.restored(stored, {
          folders: project.config,
          clean: (text) => log.redactValues(text),
        });
        const entry = newEntry(record, project);
        this.#entries.set(record.head.id, entry);
        if (wasGoingOn) this.#save(entry);
      }
      await diagnostics.restore(projectDir, found);
      await this.#takeUp(project);
    } catch (error) {
      log.warn(`The history of runs of ${projectDir} cannot be read: ${String(error)}`);
    }
  }

  /** Runs that went on elsewhere while no window was open: they are waited for again, in the place of what was interrupted. */
  async #takeUp(project: RunProject): Promise<void> {
    const plugin = resumingPlugin(project);
    const { projectDir } = project.ref;
    for (const { id, link, verb, startedAt } of (await plugin?.unfinishedRuns?.(project.ref)) ?? []) {
      const before = this.#of(projectDir).find(
        ({ record: { head } }) => head.state === "interrupted" && head.link !== null && head.link === link,
      );
      const record = new RunRecord({
        request: before?.record.head.request ?? { projectDir, verb },
        runtime: plugin?.runtime ?? "local",
        target: project.status.target,
        targetOption: project.ref.target,
        folders: project.config,
        clean: (text) => this.#deps.log.redactValues(text),
      });
      record.head.queuedAt = startedAt;
      const entry = { ...newEntry(record, project), resumes: id };
      this.#entries.set(record.head.id, entry);
      const removed = before ? this.#forget([before]) : [];
      this.#deps.onChange({ run: { ...record.head }, nodes: [], removed });
      void this.#run(entry);
    }
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

  /** Forgets the runs that have ended, and what they found. */
  clear(projectDir?: string): void {
    const entries = this.#of(projectDir);
    const projects = new Set(entries.map(({ project }) => project.ref.projectDir));
    this.#forget(entries.filter(({ record }) => hasEnded(record.head.state)));
    for (const each of projectDir === undefined ? projects : [projectDir]) this.#deps.diagnostics.clear(each);
  }

  /** The editor is closing: everything ends, and is remembered as interrupted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const going = [...this.#entries.values()].filter(({ record }) => !hasEnded(record.head.state));
    for (const entry of going) this.#leave(entry);
    await Promise.all(going.map(({ ended }) => ended));
    for (const { timer } of this.#entries.values()) clearTimeout(timer ?? undefined);
    await this.#deps.history[Symbol.asyncDispose]();
  }

  #of(projectDir?: string): Entry[] {
    const entries = [...this.#entries.values()].toSorted(
      (a, b) => a.record.head.queuedAt - b.record.head.queuedAt,
    );
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

  /** What goes on elsewhere goes on without us; everything else ends. */
  #leave(entry: Entry): void {
    const { project, record } = entry;
    const plugin = record.head.state === "running" ? resumingPlugin(project) : null;
    if (!plugin) this.#stop(entry);
    else void plugin.stop(project.ref).catch(() => this.#stop(entry));
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
    const { diagnostics } = this.#deps;
    record.started();
    this.#tell(entry);
    this.#save(entry);
    const placing = [diagnostics.forgetChanged(project.ref.projectDir)];
    try {
      const call: Call = {
        signal: abort.signal,
        onEvent: (event) => {
          const ended = record.event(abort.signal.aborted ? asCancelled(event) : event);
          // Without words it cannot be said where: the result has them.
          if (ended?.message && isProblem(ended)) placing.push(this.#place(entry, [ended]));
          this.#tell(entry);
        },
      };
      const plugin = project.plugin();
      const result =
        entry.resumes !== null && plugin.resumeRun
          ? await plugin.resumeRun(project.ref, entry.resumes, call)
          : await invoke(record.head.request, plugin, project.ref, call);
      record.reconcile(result);
      await Promise.all(placing);
      await this.#place(entry, [...record.nodes, wholeProject(project.ref.projectDir, null)]);
      record.finished(result);
    } catch (error) {
      if (abort.signal.aborted || error instanceof DbtCancelledError) {
        record.cancelled(this.#closing ? "interrupted" : "cancelled");
        // What became of it elsewhere is worth a word.
        if (!this.#closing && record.head.link !== null && error instanceof DbtError) {
          record.head.message = error.message;
        }
      } else {
        await this.#failed(entry, error);
      }
    }
    this.#ended(entry);
    this.#next(project.ref.projectDir);
  }

  /** Finds the lines that failed nodes are about, and shows them there. */
  async #place(entry: Entry, nodes: readonly RunNode[]): Promise<void> {
    const { record, places } = entry;
    try {
      const placed: RunNode[] = [];
      for (const node of nodes) {
        const line = isProblem(node) && node.line === null ? await places.lineOf(node) : null;
        if (line !== null) record.place(node.uniqueId, line + 1);
        placed.push(line === null ? node : { ...node, line: line + 1 });
      }
      await this.#deps.diagnostics.take(record.head, placed);
    } catch (error) {
      // Where a message belongs is worth less than the run.
      this.#deps.log.warn(`What ${record.head.command} found is not shown at its lines: ${String(error)}`);
    }
  }

  async #failed(entry: Entry, error: unknown): Promise<void> {
    const { record, project } = entry;
    if (error instanceof DbtError) {
      this.#deps.log.warn(`${record.head.command}: ${error.message}`);
      record.failed(error.message, error.remedy);
      await this.#place(entry, [wholeProject(project.ref.projectDir, error)]);
      return;
    }
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#deps.log.error(`${record.head.command} failed: ${words}`);
    record.failed("It did not work because of a mistake in Floe dbt itself. The log says more.", undefined);
  }

  #ended(entry: Entry): void {
    const removed = this.#forgetOldest(entry.record.head.request.projectDir);
    this.#save(entry);
    this.#tell(entry);
    if (removed.length > 0) {
      this.#deps.onChange({ run: { ...entry.record.head }, nodes: entry.record.takeChanged(), removed });
    }
    entry.end();
  }

  #forgetOldest(projectDir: string): string[] {
    const ended = this.#of(projectDir).filter(({ record }) => hasEnded(record.head.state));
    return this.#forget(ended.slice(0, Math.max(0, ended.length - maxRuns)));
  }

  #forget(entries: readonly Entry[]): string[] {
    const heads = entries.map(({ record }) => record.head);
    this.#deps.history.forget(heads);
    for (const { id } of heads) this.#entries.delete(id);
    return heads.map(({ id }) => id);
  }

  #save(entry: Entry): void {
    const { record } = entry;
    entry.lastSaved = performance.now();
    this.#deps.history.save(record.run, record.log.lines);
  }

  /** At once where the last time is long enough ago, else when it is: many events cost one message. */
  #tell(entry: Entry): void {
    if (entry.timer !== null) return;
    const tell = (): void => {
      entry.timer = null;
      entry.lastTold = performance.now();
      this.#deps.onChange({ run: { ...entry.record.head }, nodes: entry.record.takeChanged() });
      if (performance.now() - entry.lastSaved > saveEveryMs && !hasEnded(entry.record.head.state))
        this.#save(entry);
    };
    const due = entry.lastTold + pauseMs - performance.now();
    if (entry.lastTold === 0 || due <= 0) tell();
    else if (!this.#closing) entry.timer = setTimeout(tell, due);
  }
}

/** The project's plugin, if its runs go on without us. */
function resumingPlugin(project: RunProject): DbtPlugin | null {
  try {
    const plugin = project.plugin();
    return plugin.capabilities.has("resumeRun") ? plugin : null;
  } catch {
    return null;
  }
}

function newEntry(record: RunRecord, project: RunProject): Entry {
  const ended = Promise.withResolvers<null>();
  return {
    record,
    project,
    places: new NodePlaces(project.config),
    abort: new AbortController(),
    resumes: null,
    ended: ended.promise,
    end: () => ended.resolve(null),
    lastTold: 0,
    lastSaved: 0,
    timer: null,
  };
}

/** A warehouse that was told to stop says so with an error, which is no mistake of the node. */
function asCancelled(event: DbtEvent): DbtEvent {
  const failed = event.type === "nodeFinished" && nodeStatus(event.status) === "error";
  return failed ? { ...event, status: "cancelled" } : event;
}

const isProblem = ({ status }: RunNode): boolean =>
  status === "error" || status === "fail" || status === "warn";

/** What keeps dbt from running anything, as a node of its own: it is shown where dbt says, until dbt gets past it. */
function wholeProject(projectDir: string, error: DbtError | null): RunNode {
  return {
    uniqueId: `project.${projectDir}`,
    name: "project",
    resourceType: "project",
    status: error === null ? "success" : "error",
    startedAt: null,
    seconds: null,
    message: error?.message ?? null,
    rowsAffected: null,
    failures: null,
    filePath: error?.filePath ?? null,
    line: error?.line ?? (error === null ? null : 1),
    compiledPath: null,
  };
}
