import { systemClock } from "../../server/platform/clock.ts";
import { commitAll } from "../harness/cloudEmulator/checkout.ts";
import { CloudEmulator } from "../harness/cloudEmulator/emulator.ts";
import { cloudPluginOn } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import type { StepEngine } from "../harness/cloudEmulator/stepEngine.ts";
import type { ContractSubject, SubjectPlugin } from "./contractSubject.ts";

/**
 * dbt Cloud, emulated with real dbt: whatever is in the project's folder when a command is given is the commit that runs.
 * @param engine shared: starting Python is most of the time of a short command
 */
export const cloudSubject = (engine: StepEngine): ContractSubject => ({
  name: "cloud, emulated",
  runtime: "cloud",
  expects: {
    parallel: true,
    lints: false,
    refusesSelectors: true,
    saysNoTotal: true,
    alwaysWritesRunResults: true,
    elsewhere: true,
    wholeManifests: true,
  },
  make({ withoutEngine = false } = {}): SubjectPlugin {
    const emulator = CloudEmulator.start({ engine });
    let committed: Promise<unknown> = Promise.resolve();
    const made = cloudPluginOn(emulator, {
      clock: systemClock,
      requestSeconds: 20,
      downloadSeconds: 20,
      config: { pollIntervalSeconds: 0.1 },
      ...(withoutEngine && { token: () => null }),
      beforeSettings: async (projectDir) => {
        committed = committed.then(() => commitAll(projectDir));
        await committed;
        (await emulator).repository = projectDir;
      },
    });
    return {
      plugin: made.plugin,
      logged: made.logged,
      async [Symbol.asyncDispose]() {
        await made[Symbol.asyncDispose]();
        await (await emulator)[Symbol.asyncDispose]();
      },
    };
  },
});
