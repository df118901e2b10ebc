import type { RunChange } from "../../protocol/requests.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import type { ProjectFolders } from "./nodeFiles.ts";
import type { RunHistory } from "./runHistory.ts";
import { hasEnded, type RunRecord } from "./runRecord.ts";

/** A client hears of one run at most every so many milliseconds. */
const pauseMs = 100;
/** What is known of a run that goes on is written this often, in case the editor is killed. */
const saveEveryMs = 3_000;

/** What a run needs of a dbt project. */
export interface RunProject {
  readonly ref: ProjectRef;
  readonly config: ProjectFolders;
  readonly status: { target: string | null };
  /** @throws DbtError where the project's runtime is not there */
  plugin(): DbtPlugin;
}

export interface KnownRunDeps {
  /** A run began, moved on or ended. */
  onChange: (change: RunChange) => void;
  history: Pick<RunHistory, "save">;
}

/** A run of a project, whether it waits, goes on or has ended: it tells clients of itself, and is kept on disk. */
export class KnownRun {
  readonly record: RunRecord;
  readonly project: RunProject;
  /** It was started before and goes on elsewhere, under this id: it is waited for, not started. */
  readonly resumes: string | null;
  readonly abort = new AbortController();
  /** Resolves when it has ended, whatever became of it. */
  readonly ended: Promise<null>;
  readonly #end: () => void;
  readonly #deps: KnownRunDeps;
  #lastTold = 0;
  #lastSaved = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(record: RunRecord, project: RunProject, deps: KnownRunDeps, resumes: string | null = null) {
    const { promise, resolve } = Promise.withResolvers<null>();
    this.record = record;
    this.project = project;
    this.resumes = resumes;
    this.ended = promise;
    this.#end = () => resolve(null);
    this.#deps = deps;
  }

  get id(): string {
    return this.record.head.id;
  }

  /** Or waits. */
  get goesOn(): boolean {
    return !hasEnded(this.record.head.state);
  }

  save(): void {
    this.#lastSaved = performance.now();
    this.#deps.history.save(this.record.run, this.record.log.lines);
  }

  /** At once where the last time is long enough ago, else when it is: many events cost one message. */
  tell(): void {
    if (this.#timer !== undefined) return;
    const due = this.#lastTold + pauseMs - performance.now();
    if (this.#lastTold === 0 || due <= 0) this.#tellNow();
    else this.#timer = setTimeout(() => this.#tellNow(), due);
  }

  /** It has ended: who waits for it has been told all. @param removed runs that were forgotten for it */
  finish(removed: string[]): void {
    this.#tellNow(removed);
    this.#end();
  }

  #tellNow(removed: string[] = []): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastTold = performance.now();
    this.#deps.onChange({
      run: { ...this.record.head },
      nodes: this.record.takeChanged(),
      ...(removed.length > 0 && { removed }),
    });
    if (this.goesOn && this.#lastTold - this.#lastSaved > saveEveryMs) this.save();
  }
}
