import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { pathKey } from "../platform/paths.ts";

export interface FoundFiles {
  /** Keys of the paths of all files there are. */
  present: Set<string>;
  /** Milliseconds since the epoch of the last change of any of them; 0 where there is none. */
  newest: number;
}

const source = /\.(sql|ya?ml|csv|md|py)$/i;

/** The files in these folders that dbt reads. Folders that are not there or cannot be read have none. */
export async function findFiles(folders: readonly string[]): Promise<FoundFiles> {
  const found: FoundFiles = { present: new Set(), newest: 0 };
  const seen = new Set<string>();
  const visit = async (folder: string): Promise<void> => {
    if (seen.has(pathKey(folder))) return;
    seen.add(pathKey(folder));
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const files: string[] = [];
    for (const entry of entries) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) await visit(full);
      else if (source.test(entry.name)) files.push(full);
    }
    const stats = await Promise.all(files.map((file) => stat(file).catch(() => null)));
    for (const [index, facts] of stats.entries()) {
      if (!facts) continue;
      found.present.add(pathKey(files[index] ?? ""));
      found.newest = Math.max(found.newest, facts.mtimeMs);
    }
  };
  for (const folder of folders) await visit(folder);
  return found;
}
