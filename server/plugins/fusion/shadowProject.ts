import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import type { ProjectConfig } from "../../config/projectConfig.ts";

/**
 * A copy of a project as the editor shows it: its files, with unsaved text instead of what is saved. The engine reads
 * files only, so this is how it checks what is being typed, in SQL and in YAML, with the file's own name and
 * configuration. Files keep their times, so that the engine's incremental parse knows what changed, also after a restart.
 */
export class ShadowProject {
  readonly dir: string;
  readonly projectDir: string;
  /** Relative path -> what the copy was made of: "time size", or the text itself. */
  readonly #copied = new Map<string, { stamp: string; text: string | null }>();
  #known = false;

  constructor(dir: string, projectDir: string) {
    this.dir = dir;
    this.projectDir = projectDir;
  }

  /** Folders outside the project cannot be stood in for. */
  static fits(config: ProjectConfig): boolean {
    return roots(config).every((root) => relativeTo(root, config.projectDir) !== null);
  }

  /**
   * Makes the copy what the project is now, with `texts` (by absolute path) instead of files.
   * @returns relative paths of what was written or removed
   */
  async sync(config: ProjectConfig, texts: ReadonlyMap<string, string>): Promise<string[]> {
    await mkdir(this.dir, { recursive: true });
    if (!this.#known) await this.#learn();
    const changed: string[] = [];
    const wanted = await filesOf(config);
    const overlay = new Map<string, string>();
    for (const [filePath, text] of texts) {
      const relative = relativeTo(filePath, this.projectDir);
      if (relative === null || relative === "") continue;
      // An open document without changes is its file.
      const saved = await readFile(filePath, "utf8").catch(() => null);
      if (saved !== text) overlay.set(relative, text);
    }
    for (const relative of overlay.keys()) if (!wanted.has(relative)) wanted.set(relative, null);

    for (const [relative, source] of wanted) {
      const text = overlay.get(relative) ?? null;
      const before = this.#copied.get(relative);
      const stamp = source === null ? "none" : `${source.mtimeMs} ${source.size}`;
      if (before && before.text === text && (text !== null || before.stamp === stamp)) continue;
      const copy = path.join(this.dir, relative);
      await mkdir(path.dirname(copy), { recursive: true });
      if (text !== null) {
        await writeFile(copy, text);
      } else if (source) {
        await copyFile(path.join(this.projectDir, relative), copy);
        await utimes(copy, source.mtimeMs / 1000, source.mtimeMs / 1000);
      }
      this.#copied.set(relative, { stamp, text });
      changed.push(relative);
    }
    for (const relative of [...this.#copied.keys()]) {
      if (wanted.has(relative)) continue;
      await rm(path.join(this.dir, relative), { force: true });
      this.#copied.delete(relative);
      changed.push(relative);
    }
    await this.#linkPackages(config);
    return changed;
  }

  /** Relative paths of all it has. */
  files(): string[] {
    return [...this.#copied.keys()];
  }

  /** Takes its copy for an old one: something wrote to it. */
  forget(filePath: string): void {
    const relative = relativeTo(filePath, this.projectDir);
    if (relative !== null) this.#copied.set(relative, { stamp: "", text: null });
  }

  /** Makes the engine look at a file again: it says nothing of a project in which nothing changed. */
  async touch(): Promise<void> {
    const [some] = [...this.#copied.keys()].filter((name) => name.endsWith(".sql"));
    const now = new Date();
    if (some !== undefined) await utimes(path.join(this.dir, some), now, now).catch(() => undefined);
  }

  async remove(): Promise<void> {
    this.#copied.clear();
    this.#known = false;
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What an earlier session left. */
  async #learn(): Promise<void> {
    for (const [relative, facts] of await walk(this.dir, this.dir, new Set())) {
      this.#copied.set(relative, { stamp: `${facts.mtimeMs} ${facts.size}`, text: null });
    }
    this.#known = true;
  }

  /** Installed packages are shared: a link (a junction on Windows), since nobody edits them in the editor. */
  async #linkPackages({ projectDir, paths }: ProjectConfig): Promise<void> {
    const relative = relativeTo(paths.packages, projectDir);
    if (relative === null || relative === "") return;
    const link = path.join(this.dir, relative);
    const there = await readlink(link).catch(() => null);
    const exists = await stat(paths.packages).then(
      (facts) => facts.isDirectory(),
      () => false,
    );
    if (there !== null && !exists) await rm(link, { force: true, recursive: false });
    if (there === null && exists) {
      await rm(link, { force: true, recursive: true });
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(paths.packages, link, "junction");
    }
  }
}

interface FileFacts {
  mtimeMs: number;
  size: number;
}

const read = /\.(sql|ya?ml|md|py|csv|jinja2?|txt)$/i;
/** Configuration of its linter, in any folder. */
const linters = /^\.sqlfluff(ignore)?$/;
/** The engine would install what these name; what is installed is linked. */
const left = new Set(["packages.yml", "dependencies.yml", "package-lock.yml", "profiles.yml", ".user.yml"]);

function roots({ paths }: ProjectConfig): string[] {
  const { models, seeds, snapshots, analyses, tests, macros, functions, docs } = paths;
  return [
    ...new Set([...models, ...seeds, ...snapshots, ...analyses, ...tests, ...macros, ...functions, ...docs]),
  ];
}

async function filesOf(config: ProjectConfig): Promise<Map<string, FileFacts | null>> {
  const { projectDir, paths } = config;
  const files = new Map<string, FileFacts | null>();
  const avoid = new Set([paths.target, paths.logs, paths.packages]);
  for (const entry of await readdir(projectDir, { withFileTypes: true })) {
    if (!entry.isFile() || left.has(entry.name)) continue;
    if (!/\.(ya?ml|md)$/i.test(entry.name) && !linters.test(entry.name)) continue;
    files.set(entry.name, await facts(path.join(projectDir, entry.name)));
  }
  for (const root of roots(config)) {
    if (root === projectDir) continue;
    for (const [relative, its] of await walk(root, projectDir, avoid)) files.set(relative, its);
  }
  return files;
}

async function walk(
  folder: string,
  base: string,
  avoid: ReadonlySet<string>,
): Promise<Map<string, FileFacts>> {
  const found = new Map<string, FileFacts>();
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  await Promise.all(
    entries.map(async (entry) => {
      const full = path.join(folder, entry.name);
      const isLinters = linters.test(entry.name);
      if (avoid.has(full) || (entry.name.startsWith(".") && !isLinters)) return;
      if (entry.isDirectory()) {
        for (const [relative, its] of await walk(full, base, avoid)) found.set(relative, its);
      } else if ((entry.isFile() || entry.isSymbolicLink()) && (isLinters || read.test(entry.name))) {
        const its = await facts(full);
        if (its) found.set(path.relative(base, full), its);
      }
    }),
  );
  return found;
}

async function facts(file: string): Promise<FileFacts | null> {
  return stat(file).then(
    ({ mtimeMs, size }) => ({ mtimeMs: Math.round(mtimeMs), size }),
    () => null,
  );
}

function relativeTo(file: string, folder: string): string | null {
  const relative = path.relative(folder, file);
  return relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)
    ? null
    : relative;
}
