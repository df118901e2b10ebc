import { expect, test } from "vitest";
import { nextLook } from "../../client/remote/remoteTexts.ts";
import { CloudEmulator, emulatedJobs } from "../harness/cloudEmulator/emulator.ts";
import { cloudPluginOn } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import { FakeClock } from "../harness/fakeClock.ts";

/** What dbt Cloud allows an account in a minute, by its documents. */
const allowed = { admin: 5_000, discovery: 500 };
const projects = 20;
const minutes = 60;

/** The busiest hour a project can have: a run that goes on all the time, and the view open on it. */
test("20 open projects use less than 5 % of an account's requests in an hour", async () => {
  await using project = await dbtProject(threeModels);
  const ref = { projectDir: project.dir };

  // The two go on side by side; each has the hour to itself, so that its clock is its own.
  const watching = new FakeClock();
  await using watched = await CloudEmulator.start({ clock: watching });
  await using runner = cloudPluginOn(watched, { clock: watching });
  watched.behaviours = [{ statuses: [3] }];
  await expect(runner.plugin.runModels(ref)).rejects.toThrow("takes longer than 36");

  const looking = new FakeClock();
  await using shown = await CloudEmulator.start({ clock: looking });
  await using viewer = cloudPluginOn(shown, { clock: looking });
  shown.behaviours = [{}, { statuses: [3] }];
  for (const looks of [4, 1]) {
    const { id } = shown.startRun(emulatedJobs.nightly, { cause: "schedule", steps_override: ["dbt build"] });
    for (let look = 0; look < looks; look += 1) await viewer.plugin.remote!.run(ref, String(id));
  }
  shown.requests.length = 0;
  const { plugin } = viewer;
  const until = looking.now() + minutes * 60_000;
  let waited: number | null = null;
  while (looking.now() < until) {
    const { runs, state } = await plugin.remote!.overview(ref, {}, waited !== null);
    expect(state).toBe("ready");
    // Both rows are open, and the Project view is asked to follow.
    for (const { id } of runs) await plugin.remote!.run(ref, id);
    await plugin.manifestUpdate!(ref, null);
    await plugin.nodeStates!(ref);
    waited = nextLook(waited);
    looking.advance(waited);
  }

  const isDiscovery = ({ path }: { path: string }): boolean => path === "/graphql";
  const requests = [...watched.requests, ...shown.requests];
  const discovery = requests.filter(isDiscovery).length * projects;
  const admin = (requests.length - requests.filter(isDiscovery).length) * projects;
  expect(discovery).toBeGreaterThan(0);
  expect(admin / (allowed.admin * minutes)).toBeLessThan(0.05);
  expect(discovery / (allowed.discovery * minutes)).toBeLessThan(0.05);
  expect([...watched.violations, ...shown.violations]).toEqual([]);
});
