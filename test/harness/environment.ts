import { existsSync } from "node:fs";
import path from "node:path";
import { pythonEnvironmentDir, pythonIn } from "../../scripts/pins.mjs";

export const repoDir = path.resolve(import.meta.dirname, "../..");
export const sampleDir = path.join(repoDir, "sample");
export const workerDir = path.join(repoDir, "worker");

/** Interpreter of a pinned environment with real dbt and SQLFluff. `npm test` and `npm start` prepare them. */
export function testPython(name: "dbt111" | "dbt18" | "dbtCoreInterface" = "dbt111"): string {
  const python = pythonIn(pythonEnvironmentDir(name));
  if (!existsSync(python)) {
    throw new Error(`${python} is missing. Run: node scripts/setup.mjs`);
  }
  return python;
}
