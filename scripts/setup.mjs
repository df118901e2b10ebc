// Prepares what the demo and the tests need, pinned by pins.mjs, in a cache outside the repo. Quick when all is there.
//   node scripts/setup.mjs [--bench]
import { pathToFileURL } from "node:url";
import { cacheDir } from "./pins.mjs";
import { withCacheLock } from "./setup/cache.mjs";
import { chromium } from "./setup/chromium.mjs";
import { codeServer } from "./setup/codeServer.mjs";
import { duckdbDriver } from "./setup/duckdbDriver.mjs";
import { nodeModules } from "./setup/nodeModules.mjs";
import { findPostgres } from "./setup/postgres.mjs";
import { powerUserEngine } from "./setup/powerUserEngine.mjs";
import { prepare, prepareParts } from "./setup/prepare.mjs";
import { pythonEnvironment, pythonLayer } from "./setup/python.mjs";

/** What each use needs, besides node_modules. */
export const partsFor = {
  tests: () => [pythonEnvironment("dbt111"), pythonEnvironment("dbt18"), ...postgres(), ...fusion()],
  editorTests: () => [pythonEnvironment("dbt111"), ...fusion(), codeServer, chromium],
  browserDemo: () => [pythonEnvironment("dbt111"), codeServer],
  desktopDemo: () => [pythonEnvironment("dbt111")],
  bench: () => [
    pythonEnvironment("dbt111"),
    ...fusion(),
    pythonEnvironment("dbtCoreInterface"),
    powerUserEngine,
  ],
};

/** The Rust engine, and what it reaches DuckDB with. */
function fusion() {
  return [pythonEnvironment("fusion"), duckdbDriver];
}

/** Only where there is a server to test with. */
function postgres() {
  return "missing" in findPostgres() ? [] : [pythonLayer("postgres")];
}

/** Installs what is missing of node_modules and then of `parts`, with a line each. */
export async function setUp(parts) {
  const all = [nodeModules, ...parts];
  if (await allReady(all)) {
    console.log(`✓ Everything is prepared in ${cacheDir()}`);
    return;
  }
  await withCacheLock(
    async () => {
      // The others use the Node of node_modules.
      await prepare(nodeModules);
      await prepareParts(parts);
    },
    { onWait: (pid) => console.log(`· Another set-up is at work (process ${pid}); waiting for it`) },
  );
}

async function allReady(parts) {
  for (const part of parts) if (!(await part.isReady())) return false;
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const parts = [...partsFor.tests(), ...partsFor.editorTests()];
  if (process.argv.includes("--bench")) parts.push(...partsFor.bench());
  try {
    await setUp(parts);
  } catch (error) {
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
