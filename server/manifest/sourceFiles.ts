import path from "node:path";
import type { ProjectConfig } from "../config/projectConfig.ts";
import { isInside, pathKey } from "../platform/paths.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import { findFiles } from "./projectFiles.ts";

/** The files that nodes of a project are defined in: which is the newest, and which are gone. */
export class SourceFiles {
  readonly #project: { readonly dir: string; readonly config: ProjectConfig };
  #gone = new Set<string>();
  #newest = 0;
  /** Counts what `changed` was told. */
  #told = 0;

  constructor(project: { readonly dir: string; readonly config: ProjectConfig }) {
    this.#project = project;
  }

  /** When one changed last, in milliseconds since the epoch; 0 where that is not known. */
  get newest(): number {
    return this.#newest;
  }

  get someGone(): boolean {
    return this.#gone.size > 0;
  }

  isGone(filePath: string | null): boolean {
    return filePath !== null && this.#gone.has(pathKey(filePath));
  }

  /**
   * A file of the project changed on disk.
   * @param holdsNodes whether nodes of the manifest are defined in it
   * @returns whether such a file is gone now, or is there again
   */
  changed({ filePath, deleted }: { filePath: string; deleted: boolean }, holdsNodes: boolean): boolean {
    if (!this.#isSource(filePath)) return false;
    this.#told += 1;
    this.#newest = Math.max(this.#newest, Date.now());
    const key = pathKey(filePath);
    if (!deleted) return this.#gone.delete(key);
    if (!holdsNodes || this.#gone.has(key)) return false;
    this.#gone.add(key);
    return true;
  }

  /** Looks at all of them. @returns whether it did: false if `isCurrent` says that another manifest has come meanwhile */
  async look(index: ManifestIndex, isCurrent: () => boolean): Promise<boolean> {
    const { config } = this.#project;
    const told = this.#told;
    const own = await findFiles(sourceFolders(config));
    const others = await findFiles([config.paths.packages]);
    if (!isCurrent()) return false;
    // What was told meanwhile may be newer than what was seen.
    if (told !== this.#told) return await this.look(index, isCurrent);
    const gone = new Set<string>();
    for (const facts of index.all()) {
      const filePath = index.filePathOf(facts);
      if (filePath === null) continue;
      const key = pathKey(filePath);
      if (!own.present.has(key) && !others.present.has(key) && isInside(filePath, config.projectDir))
        gone.add(key);
    }
    this.#gone = gone;
    this.#newest = Math.max(this.#newest, own.newest);
    return true;
  }

  #isSource(filePath: string): boolean {
    const { dir, config } = this.#project;
    return (
      pathKey(filePath) === pathKey(path.join(dir, "dbt_project.yml")) ||
      sourceFolders(config).some((folder) => isInside(filePath, folder))
    );
  }
}

function sourceFolders({ paths }: ProjectConfig): string[] {
  const { models, seeds, snapshots, analyses, tests, macros, functions, docs } = paths;
  return [...new Set([models, seeds, snapshots, analyses, tests, macros, functions, docs].flat())];
}
