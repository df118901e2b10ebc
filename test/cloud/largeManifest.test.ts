import { mkdir, open, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { CloudEmulator, emulatedJobs } from "../harness/cloudEmulator/emulator.ts";
import { cloudPluginOn } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import { FakeClock } from "../harness/fakeClock.ts";

const megabyte = 1_000_000;

// When what was read is collected is up to the engine: on a busy machine it may come late. What is kept would be there each time.
test("a manifest of 200 MB goes to the disk, not through memory", { retry: 3 }, async () => {
  await using project = await dbtProject(threeModels);
  const clock = new FakeClock();
  await using emulator = await CloudEmulator.start({ clock });
  await using made = cloudPluginOn(emulator, { clock, downloadSeconds: 60 });
  // As a run that ended before we came.
  emulator.startRun(emulatedJobs.nightly, { cause: "schedule", steps_override: ["dbt build"] });
  const [run] = emulator.runs;
  run!.status = 10;
  run!.finishedAt = clock.now();
  const step = run!.steps.at(-1)!;
  step.status = 10;
  await mkdir(step.targetDir, { recursive: true });
  await writeFile(path.join(step.targetDir, "run_results.json"), '{"metadata":{},"results":[]}');
  await writeLarge(path.join(step.targetDir, "manifest.json"));

  const ref = { projectDir: project.dir };
  // The first request loads what speaks HTTP, which is not to be counted.
  expect((await made.plugin.remote!.overview(ref)).state).toBe("ready");
  const before = process.memoryUsage().rss;
  let highest = before;
  const sampling = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().rss);
  }, 5);
  const update = await made.plugin.manifestUpdate!(ref, null);
  clearInterval(sampling);
  expect("file" in update && (await stat(update.file)).size).toBeGreaterThan(200 * megabyte);
  expect(highest - before).toBeLessThan(100 * megabyte);
});

/** A file with a hole where its nodes would be: nobody parses it here, and writing 200 MB first would be most of the time. */
async function writeLarge(filePath: string): Promise<void> {
  const file = await open(filePath, "w");
  await file.write('{"metadata": {"dbt_version": "1.11.0"}, "nodes": {"model.shop.a": {"raw_code": "');
  await file.write('"}}}', 201 * megabyte);
  await file.close();
}
