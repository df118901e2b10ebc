import { RedactingLog } from "../../server/platform/log.ts";
import type { DbtPlugin } from "../../server/plugins/dbtPlugin.ts";
import { createLocalPlugin } from "../../server/plugins/local/localPlugin.ts";
import { workerDir } from "../harness/environment.ts";

/** The local runtime as the server has it, without a server around it. */
export function benchPlugin(python: string, storageDir: string): DbtPlugin {
  return createLocalPlugin({
    log: new RedactingLog(() => undefined),
    storageDir,
    workerDir,
    env: process.env,
    settingsOf: () => Promise.resolve({ pythonPath: python, timeLimitSeconds: 600, idleMinutes: 10 }),
  });
}
