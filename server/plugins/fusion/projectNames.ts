import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { ProjectConfig } from "../../config/projectConfig.ts";

/** What a text refers to as it stands there: a name that is put together by Jinja is none of them. */
export interface Named {
  refs: ReadonlySet<string>;
  /** "raw.orders" */
  sources: ReadonlySet<string>;
}

const reference = /\b(ref|source)\s*\(\s*(['"])([\w.-]+)\2\s*(?:,\s*(['"])([\w.-]+)\4)?/g;

export function namedIn(text: string): Named {
  const refs = new Set<string>();
  const sources = new Set<string>();
  for (const [, what, , first = "", , second] of text.matchAll(reference)) {
    if (what === "ref") refs.add(second ?? first);
    else if (second !== undefined) sources.add(`${first}.${second}`);
  }
  return { refs, sources };
}

/**
 * Every name that may be a node's or a source's, by what files are called and what stands in them, without knowing which is
 * which: rather one too many. What is not among them is not in the project.
 */
export class ProjectNames {
  readonly #byFile = new Map<string, readonly string[]>();
  #all: ReadonlySet<string> | null = null;
  #packages: ReadonlySet<string> = new Set();

  /** Reads files again (paths relative to `dir`); one that is gone is forgotten. */
  async read(dir: string, files: readonly string[]): Promise<void> {
    if (files.length === 0) return;
    this.#all = null;
    await Promise.all(
      files.map(async (relative) => {
        const names = await namesOfFile(path.join(dir, relative));
        if (names) this.#byFile.set(relative, names);
        else this.#byFile.delete(relative);
      }),
    );
  }

  async readPackages({ paths }: ProjectConfig): Promise<void> {
    const files = await readdir(paths.packages, { recursive: true }).catch((): string[] => []);
    this.#packages = new Set(files.filter((file) => nodes.test(file)).map(baseName));
  }

  has(name: string): boolean {
    this.#all ??= new Set([...this.#byFile.values()].flat());
    return this.#all.has(name) || this.#packages.has(name);
  }
}

const nodes = /\.(sql|csv|py)$/i;
const baseName = (file: string): string => path.basename(file).replace(/\.\w+$/, "");

async function namesOfFile(file: string): Promise<string[] | null> {
  const isYaml = /\.ya?ml$/i.test(file);
  if (!isYaml && !nodes.test(file)) return [];
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return null;
  // `- name: orders` of sources, snapshots and versioned models; `{% snapshot orders %}`.
  const pattern = isYaml ? /\bname["']?\s*:\s*["']?([\w.-]+)/g : /\{%-?\s*snapshot\s+(\w+)/g;
  return [...(isYaml ? [] : [baseName(file)]), ...[...text.matchAll(pattern)].map(([, name = ""]) => name)];
}
