import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ManifestInfo } from "../../protocol/manifest.ts";
import type { ProjectConfig } from "../config/projectConfig.ts";
import type { Log } from "../platform/log.ts";
import { isInside } from "../platform/paths.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtError } from "../plugins/errors.ts";
import { ArtifactReadError, readArtifact } from "./artifactReader.ts";
import { fileSignature } from "./fileSignature.ts";
import { ManifestIndex } from "./manifestIndex.ts";
import { manifestFacts, nodeFacts, type NodeFacts } from "./nodeFacts.ts";
import { manifestMessage, troubleOf } from "./manifestWords.ts";
import { NodeRuns } from "./nodeRuns.ts";
import type { RunFacts } from "./runResults.ts";
import { SourceFiles } from "./sourceFiles.ts";

/** What is needed of a dbt project. */
export interface BrowsedProject {
  readonly dir: string;
  readonly config: ProjectConfig;
  readonly ref: ProjectRef;
  /** @throws DbtError where the project's runtime is not there */
  plugin(): DbtPlugin;
}

export interface ProjectManifestDeps {
  /** Script of the thread that reads artifacts. */
  readerThread: string;
  log: Log;
  /** `info` is another one. */
  changed: (manifest: ProjectManifest) => void;
}

/** How long a file that could not be read must stay as it is to be taken for broken, in milliseconds. */
const settleMs = 500;
/** How long a manifest waits for the states of its nodes, in milliseconds: they may come from far away. */
const statesPatienceMs = 1000;
/** What is known of one project's nodes, wherever it comes from; the newest wins. */
export class ProjectManifest {
  readonly project: BrowsedProject;
  readonly #deps: ProjectManifestDeps;
  readonly #stopping = new AbortController();
  #index: ManifestIndex | null = null;
  #origin: ManifestInfo["origin"] = null;
  #generatedAt: number | null = null;
  #loading = false;
  #trouble: string | null = null;
  #version = 0;
  /** Signature of the file that was read last. */
  #manifestRead: string | null = null;
  readonly #runs: NodeRuns;
  readonly #files: SourceFiles;
  #work: Promise<void> = Promise.resolve();
  #live: Promise<void> = Promise.resolve();
  #isDue = false;
  #asking = 0;
  /** Of the plugin's last answer. */
  #token: string | null = null;
  #liveTrouble: string | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(project: BrowsedProject, deps: ProjectManifestDeps) {
    this.project = project;
    this.#deps = deps;
    this.#files = new SourceFiles(project);
    this.#runs = new NodeRuns({
      readerThread: deps.readerThread,
      log: deps.log,
      signal: this.#stopping.signal,
      changed: () => this.#changed(),
    });
  }

  get index(): ManifestIndex | null {
    return this.#index;
  }

  /** Changes with everything that is said of a node. */
  get version(): number {
    return this.#version;
  }

  get manifestPath(): string {
    return path.join(this.project.config.paths.target, "manifest.json");
  }

  get runResultsPath(): string {
    return path.join(this.project.config.paths.target, "run_results.json");
  }

  lastRun(id: string): RunFacts | null {
    return this.#runs.last(id);
  }

  /** The file that defines a node is not there any more. */
  isGone(facts: NodeFacts): boolean {
    return this.#files.someGone && this.#files.isGone(this.#index?.filePathOf(facts) ?? null);
  }

  get #isStale(): boolean {
    return this.#generatedAt !== null && this.#files.newest > this.#generatedAt;
  }

  get info(): ManifestInfo {
    const index = this.#index;
    const { projectDir, name } = this.project.config;
    const state = index ? "ready" : this.#isComing ? "loading" : this.#trouble === null ? "none" : "broken";
    return {
      projectDir,
      projectName: name,
      version: this.#version,
      state,
      message: manifestMessage(state, {
        shown: path.relative(this.project.dir, this.manifestPath),
        file: this.#trouble,
        live: this.#liveTrouble,
        runs: this.#runs.trouble,
        schemaVersion: index?.facts.schemaVersion ?? null,
      }),
      origin: this.#origin,
      generatedAt: this.#generatedAt,
      stale: this.#isStale,
      dbtVersion: index?.facts.dbtVersion ?? null,
      counts: index?.counts ?? {},
    };
  }

  /** Resolves with the index once there is one, or null once it is known that there is none; waits no longer than that. */
  async ready(milliseconds: number): Promise<ManifestIndex | null> {
    if (this.#index || !this.#isComing) return this.#index;
    const loaded = new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      void delay(milliseconds, undefined, { ref: false }).then(() => resolve());
    });
    await loaded;
    return this.#index;
  }

  /** Looks whether the files in target/ are others than those that were read, and reads them. Never waits. */
  refresh(): void {
    if (this.#isDue || this.#stopping.signal.aborted) return;
    this.#isDue = true;
    if (!this.#index && this.#manifestRead === null) this.#loading = true;
    this.#next(async () => {
      this.#isDue = false;
      // Both at once, so that the nodes have their state from the start.
      const runs = this.#runs.read(this.runResultsPath);
      await this.#readManifest(runs);
      await runs;
    });
  }

  /**
   * Takes in what dbt makes of the project now, where the runtime can say it. Never waits.
   * @param goesFirst resolves when the runtime has done what is more urgent
   */
  updateLive(goesFirst: Promise<void> = Promise.resolve()): void {
    // Beside the artifacts: how a run ended is not to wait for a busy dbt.
    this.#asking += 1;
    if (!this.#index) this.#changed();
    this.#live = this.#live
      .then(() =>
        this.#guarded(async () => {
          await goesFirst;
          await this.#readLive();
        }),
      )
      .finally(() => {
        this.#asking -= 1;
        if (this.#index || this.#isComing) return;
        this.#wake();
        this.#changed();
      });
  }

  get #isComing(): boolean {
    return this.#loading || this.isAsking;
  }

  /** The runtime is being asked for the project as it is now. */
  get isAsking(): boolean {
    return this.#asking > 0;
  }

  /** Files of the project changed on disk. */
  filesChanged(changes: readonly { filePath: string; deleted: boolean }[]): void {
    const before = this.#isStale;
    let goneChanged = false;
    for (const change of changes) {
      if (isInside(change.filePath, this.project.config.paths.target)) {
        this.refresh();
        continue;
      }
      const holdsNodes = (this.#index?.inFile(change.filePath).length ?? 0) > 0;
      if (this.#files.changed(change, holdsNodes)) goneChanged = true;
    }
    if (goneChanged || this.#isStale !== before) this.#changed();
  }

  /** The configuration is another one: its target folder may be elsewhere. */
  configured(): void {
    this.refresh();
  }

  stop(): void {
    this.#stopping.abort(new DbtCancelledError("Stopped."));
    this.#wake();
  }

  async #readManifest(runs: Promise<void>): Promise<void> {
    const file = this.manifestPath;
    for (;;) {
      const signature = await fileSignature(file);
      if (signature === null) {
        this.#manifestRead = null;
        this.#trouble = null;
        this.#settled();
        return;
      }
      if (signature === this.#manifestRead || this.#isLiveNewest()) {
        this.#settled();
        return;
      }
      try {
        const index = await this.#indexOf(file);
        await runs;
        // Rewritten meanwhile: what was read may be of both.
        if ((await fileSignature(file)) !== signature) continue;
        if (this.#isLiveNewest()) continue;
        this.#manifestRead = signature;
        this.#trouble = null;
        this.#token = null;
        this.#take(index, "target", index.facts.generatedAt);
        await this.#lookAtFiles();
        return;
      } catch (error) {
        if (!(error instanceof ArtifactReadError)) throw error;
        if (error.reason === "missing") continue;
        // It may be being written: then it is another one soon.
        await delay(settleMs, undefined, { signal: this.#stopping.signal, ref: false });
        if ((await fileSignature(file)) !== signature) continue;
        this.#manifestRead = signature;
        this.#trouble = troubleOf(path.relative(this.project.dir, file), error);
        this.#deps.log.warn(`${file}: ${error.message}`);
        this.#settled();
        this.#changed();
        return;
      }
    }
  }

  async #indexOf(file: string): Promise<ManifestIndex> {
    const { projectDir, name, paths } = this.project.config;
    const index = new ManifestIndex({ projectDir, projectName: name, packagesDir: paths.packages });
    const facts = await readArtifact("manifest", file, {
      thread: this.#deps.readerThread,
      signal: this.#stopping.signal,
      onParts: (nodes) => {
        for (const node of nodes) index.add(node);
      },
    });
    if (facts) index.facts = facts;
    return index;
  }

  #take(index: ManifestIndex, origin: ManifestInfo["origin"], generatedAt: number | null): void {
    this.#index = index;
    this.#origin = origin;
    this.#generatedAt = generatedAt;
    this.#settled();
    this.#changed();
  }

  /** Live news include every file there is, so an artifact of some dbt command adds nothing to them. */
  #isLiveNewest(): boolean {
    return this.#origin === "live" && this.#token !== null && this.#files.newest <= (this.#generatedAt ?? 0);
  }

  async #readLive(): Promise<void> {
    const { project } = this;
    try {
      const plugin = project.plugin();
      if (!plugin.capabilities.has("manifestUpdate") || !plugin.manifestUpdate) return;
      const askedAt = Date.now();
      const call = { signal: this.#stopping.signal };
      const update = await plugin.manifestUpdate(project.ref, this.#token, call);
      this.#liveTrouble = null;
      const states = this.#guarded(() => this.#runs.ask(plugin, project.ref));
      if ("file" in update) {
        const index = await this.#indexOf(update.file);
        // With the nodes comes how they did, so that nothing is shown as it was before.
        await Promise.race([states, delay(statesPatienceMs, undefined, { ref: false })]);
        this.#token = update.token;
        const isDeployed = update.origin === "environment";
        const generatedAt = isDeployed ? index.facts.generatedAt : askedAt;
        // What is deployed may be older than what some command of dbt has left here.
        if (isDeployed && this.#index && (generatedAt ?? 0) < (this.#generatedAt ?? 0)) {
          await states;
          return;
        }
        this.#take(index, update.origin ?? "live", generatedAt);
        await this.#lookAtFiles();
      } else {
        this.#token = update.token;
        if (this.#origin === "live") this.#apply(update.changed, askedAt);
      }
      await states;
    } catch (error) {
      if (error instanceof DbtCancelledError) return;
      if (!(error instanceof DbtError) && !(error instanceof ArtifactReadError)) throw error;
      // The next one is a whole one.
      this.#token = null;
      this.#liveTrouble = `dbt cannot say how the project is now: ${error.message}`;
      this.#deps.log.info(`Manifest of ${project.dir}: ${error.message}`);
      this.#changed();
    }
  }

  #apply(changed: Record<string, Record<string, unknown>>, at: number): void {
    const index = this.#index;
    if (!index) return;
    for (const [section, entries] of Object.entries(changed)) {
      if (section === "metadata") {
        index.facts = manifestFacts(entries);
        continue;
      }
      for (const [id, entry] of Object.entries(entries)) {
        const facts = entry === null ? null : nodeFacts(section, id, entry);
        if (facts) index.add(facts);
        else index.remove(id);
      }
    }
    this.#take(index, "live", at);
  }

  /** Which files are newer than the manifest, and which of its files are gone. */
  async #lookAtFiles(): Promise<void> {
    const index = this.#index;
    if (index && (await this.#files.look(index, () => index === this.#index))) this.#changed();
  }

  #next(work: () => Promise<void>): void {
    this.#work = this.#work.then(() => this.#guarded(work));
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#settled();
      if (this.#stopping.signal.aborted) return;
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#deps.log.error(`Reading the manifest of ${this.project.dir} failed: ${words}`);
    }
  }

  /** Resolves when everything told so far has been taken in. */
  async settled(): Promise<void> {
    await Promise.all([this.#work, this.#live]);
  }

  #settled(): void {
    const wasLoading = this.#loading;
    this.#loading = false;
    if (this.#index || !this.#isComing) this.#wake();
    if (wasLoading && !this.#index) this.#changed();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #changed(): void {
    if (this.#stopping.signal.aborted) return;
    this.#version += 1;
    this.#deps.changed(this);
  }
}
