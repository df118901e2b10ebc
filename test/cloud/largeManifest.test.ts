import { execFile } from "node:child_process";
import { mkdir, open, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { CloudEmulator, emulatedJobs } from "../harness/cloudEmulator/emulator.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";

const run = promisify(execFile);
const megabyte = 1_000_000;

/** In a process of its own: here the emulator's 200 MB would be counted, too. */
test("a manifest of 200 MB goes to the disk, not through memory", async () => {
  await using project = await dbtProject(threeModels);
  await using emulator = await CloudEmulator.start();
  // As a run that ended before we came.
  emulator.startRun(emulatedJobs.nightly, { cause: "schedule", steps_override: ["dbt build"] });
  const [ended] = emulator.runs;
  ended!.status = 10;
  ended!.finishedAt = Date.now();
  const step = ended!.steps.at(-1)!;
  step.status = 10;
  await mkdir(step.targetDir, { recursive: true });
  await writeFile(path.join(step.targetDir, "run_results.json"), '{"metadata":{},"results":[]}');
  await writeLarge(path.join(step.targetDir, "manifest.json"));

  const script = path.join(import.meta.dirname, "fetchingProcess.ts");
  const { stdout } = await run(process.execPath, [script, emulator.url, project.dir]);
  const { state, file, grown } = JSON.parse(stdout) as { state: string; file: string; grown: number };
  expect(state).toBe("ready");
  expect((await stat(file)).size).toBeGreaterThan(200 * megabyte);
  expect(grown).toBeLessThan(100 * megabyte);
});

/** A file with a hole where its nodes would be: nobody parses it here, and writing 200 MB first would be most of the time. */
async function writeLarge(filePath: string): Promise<void> {
  const file = await open(filePath, "w");
  await file.write('{"metadata": {"dbt_version": "1.11.0"}, "nodes": {"model.shop.a": {"raw_code": "');
  await file.write('"}}}', 201 * megabyte);
  await file.close();
}
