import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { RedactingLog } from "../../server/platform/log.ts";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtEnvironmentError } from "../../server/plugins/errors.ts";
import { createLocalPlugin } from "../../server/plugins/local/localPlugin.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";
import { workerDir } from "../harness/environment.ts";
import { pythonIn } from "../../scripts/pins.mjs";

/** The plugin as in a project without any setting: what it makes in .venv is what it then finds. */
function pluginFor() {
  const storageDir = mkdtempSync(path.join(tmpdir(), "floe-dbt-storage-"));
  const logged: string[] = [];
  const plugin = createLocalPlugin({
    log: new RedactingLog((level, message) => logged.push(`${level}: ${message}`)),
    storageDir,
    workerDir,
    env: process.env,
    settingsOf: () => Promise.resolve({ timeLimitSeconds: 60, idleMinutes: 5 }),
  });
  onTestFinished(async () => {
    await plugin[Symbol.asyncDispose]();
    rmSync(storageDir, { recursive: true, force: true, maxRetries: 10 });
  });
  return { plugin, logged, setUp: plugin.setUpEnvironment!.bind(plugin) };
}

const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });

test("an environment is installed from the package registry, lints, and is repaired when its pair does not fit", async () => {
  await using project = await dbtProject({ ...threeModels, "models/d.sql": "SELECT 1 as one\n" });
  const { plugin, setUp, logged } = pluginFor();
  const steps: string[] = [];
  const onEvent = (event: DbtEvent): void => {
    if (event.type === "progress") steps.push(`${event.done}/${event.total}`);
  };
  const { python } = await setUp(refOf(project), "duckdb", { onEvent });
  expect(python).toBe(pythonIn(project.file(".venv")));
  expect(steps).toEqual(["0/4", "1/4", "2/4", "3/4", "4/4"]);
  const report = await plugin.inspect(refOf(project));
  expect(report.problems).toEqual([]);
  expect(report.searched.find(({ chosen }) => chosen)?.place).toBe(`3. ${project.file(".venv")}`);
  const { sqlfluff, "sqlfluff-templater-dbt": templater, sqlfluffrs } = report.versions;
  expect(templater).toBe(sqlfluff);
  // Where there is no wheel for this machine the log says so.
  if (sqlfluffrs === undefined) expect(logged.join("\n")).toContain("SQLFluff parses in Python here");
  else expect(sqlfluffrs).toBe(sqlfluff);
  const linted = await plugin.lintProject(refOf(project), { paths: [project.file("models/d.sql")] });
  expect(linted.issues.map(({ ruleCode }) => ruleCode)).toEqual(["CP01"]);

  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
  await promisify(execFile)(python, [...pip, "sqlfluff-templater-dbt==3.5.0"]);
  const [problem] = (await plugin.inspect(refOf(project))).problems;
  expect(problem?.message).toContain("sqlfluff-templater-dbt 3.5.0 do not fit");
  expect(problem?.remedy?.command).toBe("floeDbt.setUpEnvironment");
  await setUp(refOf(project), "duckdb");
  expect((await plugin.inspect(refOf(project))).problems).toEqual([]);
});

test("cancelled in the middle, it leaves no environment and no process behind", async () => {
  await using project = await dbtProject(threeModels);
  const { setUp, logged } = pluginFor();
  const abort = new AbortController();
  const onEvent = (event: DbtEvent): void => {
    if (event.type === "log" && event.message.startsWith("Collecting")) abort.abort();
  };
  await expect(setUp(refOf(project), "duckdb", { signal: abort.signal, onEvent })).rejects.toThrow(
    DbtCancelledError,
  );
  expect(abort.signal.aborted).toBe(true);
  expect(existsSync(project.file(".venv"))).toBe(false);
  expect(logged.some((line) => / -m pip install .*· exit SIG/.test(line))).toBe(true);
});

test("an adapter that does not exist is an error in the installer's words, and nothing is left", async () => {
  await using project = await dbtProject(threeModels);
  const { setUp } = pluginFor();
  const outcome = await setUp(refOf(project), "no_such_warehouse").catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(DbtEnvironmentError);
  expect((outcome as Error).message).toMatch(/dbt-no-such-warehouse/);
  expect(existsSync(project.file(".venv"))).toBe(false);
});
