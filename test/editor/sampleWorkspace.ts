import { cpSync } from "node:fs";
import path from "node:path";
import { sampleDir } from "../harness/environment.ts";

/** A fresh copy of the sample, without what dbt has built in it. */
export function copySample(dir: string): void {
  const built = new Set(["target", "logs", "dbt_packages", ".vscode"]);
  cpSync(sampleDir, dir, {
    recursive: true,
    filter: (source) => !built.has(path.basename(source)) && !source.includes(".duckdb"),
  });
}
