import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { RedactingLog } from "../../server/platform/log.ts";
import { createLocalPlugin } from "../../server/plugins/local/localPlugin.ts";
import { holdDuckDb } from "../harness/heldDatabase.ts";
import { testPython, workerDir } from "../harness/environment.ts";
import { parseAhead } from "../harness/parsedAhead.ts";
import type { ContractSubject } from "./contractSubject.ts";

export const localSubject = (environment: "dbt111" | "dbt18" | "postgres"): ContractSubject => ({
  name: `local, ${environment}`,
  runtime: "local",
  expects: { parallel: false, lints: true },
  tellsOfQueries: true,
  cancelsWithin: 2000,
  lockDatabase: (file) => holdDuckDb(testPython(environment), file),
  make({ env = {}, withoutEngine = false } = {}) {
    const logged: string[] = [];
    const log = new RedactingLog((level, message) => logged.push(`${level}: ${message}`));
    const storageDir = mkdtempSync(path.join(tmpdir(), "floe-dbt-storage-"));
    const pythonPath = () =>
      withoutEngine ? path.join(storageDir, "no-python-here") : testPython(environment);
    const plugin = createLocalPlugin({
      log,
      storageDir,
      workerDir,
      env: { PATH: process.env.PATH, HOME: storageDir, ...env },
      settingsOf: () => Promise.resolve({ pythonPath: pythonPath(), timeLimitSeconds: 60, idleMinutes: 5 }),
    });
    return {
      plugin,
      logged,
      async parsedAhead(project) {
        await parseAhead(pythonPath(), storageDir, project);
      },
      async [Symbol.asyncDispose]() {
        await plugin[Symbol.asyncDispose]();
        rmSync(storageDir, { recursive: true, force: true, maxRetries: 10 });
      },
    };
  },
});
