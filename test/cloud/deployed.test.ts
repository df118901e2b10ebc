import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { commitAll } from "../harness/cloudEmulator/checkout.ts";
import { moveOn } from "../harness/cloudEmulator/emulatedRun.ts";
import { CloudEmulator, emulatedJobs } from "../harness/cloudEmulator/emulator.ts";
import { cloudPluginOn } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import { FakeClock } from "../harness/fakeClock.ts";

/** What is deployed, and how far the checkout is from it. */

test("is the newest run that was no compile on trial; git tells what changed since, committed or not", async () => {
  await using project = await dbtProject({
    ...threeModels,
    "macros/tax.sql": "{% macro tax() %}1{% endmacro %}\n",
  });
  const commit = await commitAll(project.dir);
  const clock = new FakeClock();
  await using emulator = await CloudEmulator.start({ clock });
  await using made = cloudPluginOn(emulator, { clock });
  const ref = { projectDir: project.dir };
  const ended = (cause: string, gitSha: string) => {
    const run = emulator.startRun(emulatedJobs.nightly, { cause, steps_override: ["dbt build"] });
    Object.assign(run, { gitSha, looks: 1, behaviour: { statuses: [10] } });
    clock.advance(1000);
    moveOn(run, clock.now());
  };
  ended("schedule", commit);
  ended("Floe dbt: dbt compile (floe-dbt-00000000-0000-0000-0000-000000000000)", "f".repeat(40));

  const same = await made.plugin.deployed!(ref);
  expect(same).toMatchObject({
    label: `run ${emulator.runs[0]!.id}`,
    commit,
    notices: [],
    changed: { files: [] },
  });
  expect(emulator.triggers).toEqual([]);

  // Kept for a day, and then fetched anew: with whose it is, and nothing left of the old.
  await made.plugin.deployed!(ref);
  expect(emulator.count(/artifacts\/manifest\.json/)).toBe(1);
  clock.advance(25 * 3_600_000);
  await made.plugin.deployed!(ref);
  expect(emulator.count(/artifacts\/manifest\.json/)).toBe(2);
  const metadata = path.join(path.dirname(same.manifestPath), "metadata.json");
  expect(JSON.parse(await readFile(metadata, "utf8"))).toMatchObject({
    git_sha: commit,
    step: 4,
    fetched_at: new Date(clock.now()).toISOString(),
  });

  await project.write("models/b.sql", "select 2 as id\n");
  const head = await commitAll(project.dir);
  await project.write("models/é d.sql", "select 4 as id\n");
  await project.write("models/c.sql", "select 3 as id\n");
  await rm(project.file("macros/tax.sql"));
  const behind = await made.plugin.deployed!(ref);
  expect(behind.notices).toEqual([
    `dbt Cloud used commit ${commit.slice(0, 7)}; your working tree is at ${head.slice(0, 7)}, with 3 changed files.`,
  ]);
  const names = ["macros/tax.sql", "models/b.sql", "models/c.sql", "models/é d.sql"];
  expect("files" in behind.changed && behind.changed.files.toSorted()).toEqual(
    names.map((name) => project.file(name)),
  );

  ended("schedule", "a".repeat(40));
  expect((await made.plugin.deployed!(ref)).changed).toEqual({
    unknown: "commit aaaaaaa is not in this repository: fetch it",
  });
  await rm(project.file(".git"), { recursive: true });
  const without = await made.plugin.deployed!(ref);
  expect(without.changed).toEqual({ unknown: "this folder is in no git repository" });
  expect(without.notices.join()).toContain("no git repository");
  expect(emulator.triggers).toEqual([]);
});
