import { afterEach, beforeEach, expect } from "vitest";
import { dbtProject, threeModels, type TestProject } from "../dbtProject.ts";
import { FakeClock } from "../fakeClock.ts";
import { CloudEmulator } from "./emulator.ts";

interface Emulated {
  project: TestProject;
  clock: FakeClock;
  emulator: CloudEmulator;
}

/**
 * For each test of a file a project of its own and a dbt Cloud of its own, which carries nothing out and whose clock runs as
 * fast as it is asked. Afterwards everything that was asked of it was as its documents say, and said who asked.
 * @param begin is given them before each test
 */
export function emulatorForEach(begin: (emulated: Emulated) => void): void {
  let emulated: Emulated;
  beforeEach(async () => {
    const clock = new FakeClock();
    emulated = {
      clock,
      project: await dbtProject(threeModels),
      emulator: await CloudEmulator.start({ clock }),
    };
    begin(emulated);
  });
  afterEach(async () => {
    const { emulator, project } = emulated;
    await emulator[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
    expect(emulator.violations).toEqual([]);
    const agents = emulator.requests.map(({ userAgent }) => userAgent);
    expect(agents.filter((agent) => !/^(floe-dbt\/|node$)/.test(agent))).toEqual([]);
  });
}
