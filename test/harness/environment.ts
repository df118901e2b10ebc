import { existsSync } from "node:fs";
import path from "node:path";
import { duckdbDriverDir, fusionEngine, pythonEnvironmentDir, pythonIn } from "../../scripts/pins.mjs";

export const repoDir = path.resolve(import.meta.dirname, "../..");
export const sampleDir = path.join(repoDir, "sample");
export const workerDir = path.join(repoDir, "worker");

/** Interpreter of a pinned environment with real dbt and SQLFluff. `npm test` and `npm start` prepare them. */
export function testPython(name: "dbt111" | "dbt18" | "dbtCoreInterface" | "postgres" = "dbt111"): string {
  const python = pythonIn(pythonEnvironmentDir(name));
  if (!existsSync(python)) {
    throw new Error(`${python} is missing. Run: node scripts/setup.mjs`);
  }
  return python;
}

/** The real Rust engine, and the environment in which it finds its DuckDB driver. */
export function testEngine(): { dbt: string; env: { ADBC_DRIVER_PATH: string } } {
  const dbt = fusionEngine();
  const driverDir = duckdbDriverDir();
  for (const needed of [dbt, path.join(driverDir, "duckdb.toml")]) {
    if (!existsSync(needed)) throw new Error(`${needed} is missing. Run: node scripts/setup.mjs`);
  }
  return { dbt, env: { ADBC_DRIVER_PATH: driverDir } };
}
