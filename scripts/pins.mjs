// Every pinned part that is not in package.json, in one place. Node built-ins only: this runs before npm ci, on Node 20.
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import path from "node:path";

export const codeServerVersion = "4.139.1";

/** Python environments of the tests and the demo, by name. sqlfluff and its templater must be the same version. */
export const pythonEnvironments = {
  /** Current versions, SQLFluff's Rust parser included. The demo and nearly all tests run on it. */
  dbt111: [
    "dbt-core==1.11.16",
    "dbt-duckdb==1.11.1",
    "sqlfluff==4.4.0",
    "sqlfluff-templater-dbt==4.4.0",
    "sqlfluffrs==4.4.0",
  ],
  /** The oldest minor that is supported, and SQLFluff without its Rust parser. */
  dbt18: [
    "dbt-core==1.8.9",
    "dbt-duckdb==1.8.4",
    "duckdb==1.1.3",
    "sqlfluff==4.4.0",
    "sqlfluff-templater-dbt==4.4.0",
  ],
  /** The Rust engine: its wheel of this version carries the binary, later ones download it. */
  fusion: ["dbt-core==2.0.0a4"],
};

/**
 * Packages on top of an environment, in one of their own that sees the other's too: nothing is installed twice. Neither
 * environment is changed by the other.
 */
export const pythonLayers = {
  /** The tests against a PostgreSQL server, where the machine has one. */
  postgres: { on: "dbt111", pinned: ["dbt-postgres==1.11.0", "psycopg2-binary==2.9.13"] },
};

/** The driver through which the Rust engine reaches DuckDB; it comes with the Node bindings of DuckDB. */
export const duckdbDriver = { version: "1.5.6-r.1" };

/** Only `npm run bench` needs these: the peers it measures against. */
export const benchEnvironments = {
  dbtCoreInterface: [
    "dbt-core-interface==1.1.7",
    "dbt-core==1.11.16",
    "dbt-duckdb==1.11.1",
    "sqlfluff==4.4.0",
    "sqlfluff-templater-dbt==4.4.0",
    "sqlfluffrs==4.4.0",
  ],
};

/** Another of them; the npm package that its extension is made of. */
export const powerUserEngine = { version: "0.2.14" };

/** Outside the repo, shared by all clones: FLOE_DBT_CACHE, else the user's cache folder. */
export function cacheDir() {
  return (
    process.env.FLOE_DBT_CACHE ??
    path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "floe-dbt-dev")
  );
}

/** Folder of an environment: its name and a hash of what is pinned in it, so a new pin is a new folder. */
export function pythonEnvironmentDir(name) {
  const layer = pythonLayers[name];
  const own = layer?.pinned ?? { ...pythonEnvironments, ...benchEnvironments }[name];
  const pinned = layer ? [...pythonEnvironments[layer.on], ...own] : own;
  if (!pinned) throw new Error(`No Python environment is called ${name}.`);
  const hash = createHash("sha256").update(pinned.join("\n")).digest("hex").slice(0, 8);
  return path.join(cacheDir(), "python", `${name}-${hash}`);
}

/** The Rust engine of the environment `fusion`. */
export function fusionEngine() {
  return path.join(
    path.dirname(pythonIn(pythonEnvironmentDir("fusion"))),
    process.platform === "win32" ? "dbt.exe" : "dbt",
  );
}

/** Folder with the DuckDB driver and the file that names it: ADBC_DRIVER_PATH of the engine. */
export function duckdbDriverDir() {
  return path.join(cacheDir(), `duckdb-driver-${duckdbDriver.version}`);
}

/** Folder of the Python modules of dbt Power User's engine. */
export function powerUserEngineDir() {
  const installed = path.join(cacheDir(), `power-user-${powerUserEngine.version}`, "node_modules");
  return path.join(installed, "@altimateai", "dbt-integration", "dist", "altimate_python_packages");
}

/** Interpreter inside a virtual environment. */
export function pythonIn(environmentDir) {
  return process.platform === "win32"
    ? path.join(environmentDir, "Scripts", "python.exe")
    : path.join(environmentDir, "bin", "python");
}
