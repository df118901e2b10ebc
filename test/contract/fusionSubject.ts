import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { RedactingLog } from "../../server/platform/log.ts";
import { createFusionPlugin } from "../../server/plugins/fusion/fusionPlugin.ts";
import { createLocalPlugin } from "../../server/plugins/local/localPlugin.ts";
import { testEngine, testPython, workerDir } from "../harness/environment.ts";
import { parseAhead } from "../harness/parsedAhead.ts";
import type { ContractSubject } from "./contractSubject.ts";

/** The real Rust engine, with DuckDB. */
export const fusionSubject: ContractSubject = {
  name: "fusion",
  runtime: "fusion",
  expects: {
    parallel: true,
    lints: true,
    refusesTargetPath: true,
    saysNoTotal: true,
    alwaysWritesRunResults: true,
    refusesCycles: true,
    showsPlainly: true,
    wholeManifests: true,
  },
  make({ env = {}, withoutEngine = false } = {}) {
    const logged: string[] = [];
    const log = new RedactingLog((level, message) => logged.push(`${level}: ${message}`));
    const storageDir = mkdtempSync(path.join(tmpdir(), "floe-dbt-storage-"));
    const engine = testEngine();
    const enginePath = withoutEngine ? path.join(storageDir, "no-engine-here") : engine.dbt;
    const processEnv = { PATH: process.env.PATH, HOME: storageDir, ...engine.env, ...env };
    const sqlfluff = createLocalPlugin({
      log,
      storageDir,
      workerDir,
      env: processEnv,
      settingsOf: () =>
        Promise.resolve({ pythonPath: testPython("dbt111"), timeLimitSeconds: 60, idleMinutes: 5 }),
    });
    const plugin = createFusionPlugin({
      log,
      storageDir,
      env: processEnv,
      settingsOf: () => Promise.resolve({ enginePath }),
      sqlfluff,
    });
    return {
      plugin,
      logged,
      parsedAhead: (project) => parseAhead(testPython("dbt111"), storageDir, project),
      async [Symbol.asyncDispose]() {
        await plugin[Symbol.asyncDispose]();
        rmSync(storageDir, { recursive: true, force: true, maxRetries: 10 });
      },
    };
  },
};
