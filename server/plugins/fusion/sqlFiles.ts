import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { ProjectConfig } from "../../config/projectConfig.ts";

/** SQL files of the project's own models, snapshots, tests and analyses: all, or those among `paths`. Absolute paths. */
export async function sqlFilesOf(config: ProjectConfig, paths?: readonly string[]): Promise<string[]> {
  const { models, snapshots, tests, analyses } = config.paths;
  const roots = paths ?? [...models, ...snapshots, ...tests, ...analyses];
  const found = new Set<string>();
  for (const root of roots) {
    const isFolder = await stat(root).then(
      (facts) => facts.isDirectory(),
      () => false,
    );
    if (!isFolder) {
      if (/\.sql$/i.test(root)) found.add(root);
      continue;
    }
    const names = await readdir(root, { recursive: true }).catch((): string[] => []);
    for (const name of names) if (/\.sql$/i.test(name)) found.add(path.join(root, name));
  }
  return [...found].sort();
}
