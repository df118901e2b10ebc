// Copies of the sample project, so that the demo and the tests leave the repo as it is.
import { cpSync } from "node:fs";
import path from "node:path";
import { repoDir } from "./setup/nodeModules.mjs";

/** What dbt and editors make in a project. */
const made = new Set(["target", "logs", "dbt_packages", ".vscode"]);

/** Copies sample/ into `dir`, without what was built in it. */
export function copySample(dir) {
  cpSync(path.join(repoDir, "sample"), dir, {
    recursive: true,
    filter: (source) => !made.has(path.basename(source)) && !/\.duckdb(\.wal)?$/.test(source),
  });
}
