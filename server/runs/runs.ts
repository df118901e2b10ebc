import type { Run, RunNode, RunRequest } from "../../protocol/run.ts";
import type { RunChange } from "../../protocol/requests.ts";
import type { RuntimeName } from "../../protocol/runtime.ts";
import type { RedactingLog } from "../platform/log.ts";
import { pathKey } from "../platform/paths.ts";
import type { DbtPlugin } from "../plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtConfigurationError } from "../plugins/errors.ts";
import { carryOutRun } from "./carryOutRun.ts";
import { whyNot } from "./invoke.ts";
import { KnownRun, type RunProject } from "./knownRun.ts";
import type { RunDiagnostics } from "./runDiagnostics.ts";
import type { RunHistory } from "./runHistory.ts";
import { RunRecord } from "./runRecord.ts";

/** Runs that are remembered for a project. */
const maxRuns = 50;

export interface RunsDeps {
  log: RedactingLog;
  /** A run began, moved on or ended. */
  onChange: (change: RunChange) => void;
  diagnostics: RunDiagnostics;
  history: RunHistory;
}

/**
 * The runs of every project. Where a runtime cannot run two commands at once, a second run waits in the project's queue and
 * says for what.
 */
export class Runs implements AsyncDisposable {
  readonly #deps: RunsDeps;
  readonly #runs = new Map<string, KnownRun>();
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
    const run = this.#add(request, project, plugin.runtime);
    run.save();
    this.#next(project.ref.projectDir);
    run.tell();
    return run.id;
  }

  #add(
    request: RunRequest,
    project: RunProject,
    runtime: RuntimeName,
    resumes: string | null = null,
  ): KnownRun {
    const { projectDir, target } = project.ref;
    const record = new RunRecord({
      request: { ...request, projectDir },
      runtime,
      target: project.status.target,
      targetOption: target,
      folders: project.config,
      clean: (text) => this.#deps.log.redactValues(text),
    });
    return this.#know(new KnownRun(record, project, this.#deps, resumes));
  }

  #know(run: KnownRun): KnownRun {
    this.#runs.set(run.id, run);
    return run;
  }

  /** Resolves when nothing of a project runs or waits. @throws DbtCancelledError once the signal fires */
  async idle(projectDir: string, signal: AbortSignal): Promise<void> {
    const going = (): KnownRun[] => this.#of(projectDir).filter(({ goesOn }) => goesOn);
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DbtCancelledError("Cancelled.")), { once: true });
    });
    aborted.catch(() => undefined);
    for (let runs = going(); runs.length > 0; runs = going()) {
      await Promise.race([Promise.all(runs.map(({ ended }) => ended)), aborted]);
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
        const clean = (text: string): string => log.redactValues(text);
        const record = RunRecord.restored(stored, { folders: project.config, clean });
        const run = this.#know(new KnownRun(record, project, this.#deps));
        // It went on then.
        if (record.head.state !== stored.run.state) run.save();
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
      const request = before?.record.head.request ?? { projectDir, verb };
      const run = this.#add(request, project, plugin?.runtime ?? "local", id);
      const { head } = run.record;
      head.queuedAt = startedAt;
      const removed = before ? this.#forget([before]) : [];
      this.#deps.onChange({ run: { ...head }, nodes: [], removed });
      void this.#run(run);
    }
  }

  /** Resolves when the run has ended; at once where it has, or is not known. */
  async cancel(id: string): Promise<void> {
    const run = this.#runs.get(id);
    if (!run) return;
    this.#stop(run);
    await run.ended;
  }

  /** The newest first. */
  all(projectDir?: string): Run[] {
    return this.#of(projectDir)
      .map(({ record }) => record.run)
      .reverse();
  }

  /** @returns null if there is no such run */
  logOf(id: string, uniqueId?: string): string | null {
    return this.#runs.get(id)?.record.log.text(uniqueId) ?? null;
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
    const runs = this.#of(projectDir);
    const projects = new Set(runs.map(({ project }) => project.ref.projectDir));
    this.#forget(runs.filter(({ goesOn }) => !goesOn));
    for (const each of projectDir === undefined ? projects : [projectDir]) this.#deps.diagnostics.clear(each);
  }

  /** The editor is closing: everything ends, and is remembered as interrupted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const going = this.#of().filter(({ goesOn }) => goesOn);
    for (const run of going) this.#leave(run);
    await Promise.all(going.map(({ ended }) => ended));
    await this.#deps.history[Symbol.asyncDispose]();
  }

  #of(projectDir?: string): KnownRun[] {
    const runs = [...this.#runs.values()].toSorted((a, b) => a.record.head.queuedAt - b.record.head.queuedAt);
    if (projectDir === undefined) return runs;
    const key = pathKey(projectDir);
    return runs.filter(({ record }) => pathKey(record.head.request.projectDir) === key);
  }

  #stop(run: KnownRun): void {
    const { record, abort } = run;
    if (!run.goesOn) return;
    abort.abort();
    if (record.head.state !== "queued") return;
    record.cancelled(this.#closing ? "interrupted" : "cancelled");
    this.#ended(run);
  }

  /** What goes on elsewhere goes on without us; everything else ends. */
  #leave(run: KnownRun): void {
    const { project, record } = run;
    const plugin = record.head.state === "running" ? resumingPlugin(project) : null;
    if (!plugin) this.#stop(run);
    else void plugin.stop(project.ref).catch(() => this.#stop(run));
  }

  /** Starts what can be started in a project, and says of the rest what it waits for. */
  #next(projectDir: string): void {
    if (this.#closing) return;
    const runs = this.#of(projectDir);
    let ahead = runs.findLast(({ record }) => record.head.state === "running");
    for (const run of runs) {
      if (run.record.head.state !== "queued") continue;
      if (!ahead || this.#runsInParallel(run)) {
        void this.#run(run);
      } else {
        const message = `Waits for ${ahead.record.head.command}`;
        if (run.record.head.message !== message) {
          run.record.waitsFor(message);
          run.tell();
        }
      }
      ahead = run;
    }
  }

  #runsInParallel({ project }: KnownRun): boolean {
    try {
      return project.plugin().supportsParallelExecution();
    } catch {
      return false;
    }
  }

  async #run(run: KnownRun): Promise<void> {
    const { log, diagnostics } = this.#deps;
    await carryOutRun(run, { log, diagnostics, isClosing: () => this.#closing });
    this.#ended(run);
  }

  /** What waited for it waits for another one, or begins. */
  #ended(run: KnownRun): void {
    const { projectDir } = run.project.ref;
    run.save();
    run.finish(this.#forgetOldest(projectDir));
    this.#next(projectDir);
  }

  #forgetOldest(projectDir: string): string[] {
    const ended = this.#of(projectDir).filter(({ goesOn }) => !goesOn);
    return this.#forget(ended.slice(0, Math.max(0, ended.length - maxRuns)));
  }

  #forget(runs: readonly KnownRun[]): string[] {
    const heads = runs.map(({ record }) => record.head);
    this.#deps.history.forget(heads);
    for (const { id } of heads) this.#runs.delete(id);
    return heads.map(({ id }) => id);
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
