import { type Stats, unwatchFile, watchFile } from "node:fs";
import path from "node:path";
import type { Log } from "../platform/log.ts";
import { pathKey } from "../platform/paths.ts";
import { type BrowsedProject, ProjectManifest } from "./projectManifest.ts";

export interface ManifestsDeps {
  /** Absolute path of the script of the thread that reads artifacts: readerThread.ts, or dist/artifactReader.js. */
  readerThread: string;
  log: Log;
}

/** How often the artifacts in target/ are looked at, where no client tells of them. */
const lookEveryMs = 1000;

/** What is known of the nodes of every project. Reads files; what dbt says anew comes through the project's plugin. */
export class Manifests implements AsyncDisposable {
  readonly #deps: ManifestsDeps;
  readonly #manifests = new Map<string, ProjectManifest>();
  readonly #watched = new Map<string, { file: string; listener: (now: Stats, before: Stats) => void }[]>();
  readonly #listeners: ((manifest: ProjectManifest) => void)[] = [];

  constructor(deps: ManifestsDeps) {
    this.#deps = deps;
  }

  onChanged(listener: (manifest: ProjectManifest) => void): void {
    this.#listeners.push(listener);
  }

  get all(): ProjectManifest[] {
    return [...this.#manifests.values()];
  }

  at(projectDir: string): ProjectManifest | null {
    return this.#manifests.get(pathKey(path.normalize(projectDir))) ?? null;
  }

  /** A project was found, or its configuration read again. */
  configured(project: BrowsedProject): void {
    const key = pathKey(project.dir);
    let manifest = this.#manifests.get(key);
    if (!manifest) {
      manifest = new ProjectManifest(project, {
        ...this.#deps,
        changed: (its) => {
          for (const listener of this.#listeners) listener(its);
        },
      });
      this.#manifests.set(key, manifest);
    }
    this.#watch(key, manifest);
    manifest.configured();
  }

  removed(project: BrowsedProject): void {
    const key = pathKey(project.dir);
    this.#unwatch(key);
    this.#manifests.get(key)?.stop();
    this.#manifests.delete(key);
  }

  /** Looks at the artifacts that some command of dbt has written just now. */
  refresh(projectDir: string): void {
    this.at(projectDir)?.refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of [...this.#watched.keys()]) this.#unwatch(key);
    for (const manifest of this.#manifests.values()) manifest.stop();
    await Promise.allSettled([...this.#manifests.values()].map((manifest) => manifest.settled()));
  }

  #watch(key: string, manifest: ProjectManifest): void {
    const files = [manifest.manifestPath, manifest.runResultsPath];
    const known = this.#watched.get(key)?.map(({ file }) => file) ?? [];
    if (known.join("\n") === files.join("\n")) return;
    this.#unwatch(key);
    const watched = files.map((file) => {
      const listener = (): void => manifest.refresh();
      // Not fs.watch: target/ may not be there yet, or be deleted and made anew by `dbt clean`.
      watchFile(file, { interval: lookEveryMs, persistent: false }, listener);
      return { file, listener };
    });
    this.#watched.set(key, watched);
  }

  #unwatch(key: string): void {
    for (const { file, listener } of this.#watched.get(key) ?? []) unwatchFile(file, listener);
    this.#watched.delete(key);
  }
}
