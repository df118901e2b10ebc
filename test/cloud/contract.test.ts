import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import {
  DbtAuthenticationError,
  DbtCancelledError,
  DbtCompilationError,
  DbtConfigurationError,
  DbtError,
} from "../../server/plugins/errors.ts";
import { cloudSubject } from "../contract/cloudSubject.ts";
import { runCases } from "../contract/runCases.ts";
import { realDbt } from "../harness/cloudEmulator/stepEngine.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";

/** The shared contract on the emulator, with real dbt; and what is another way where dbt runs elsewhere. */

const engine = realDbt();
afterAll(() => engine[Symbol.asyncDispose]());
const subject = cloudSubject(engine);
const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });

runCases(subject);

describe("cloud, emulated: what it is", () => {
  test("says its runtime, and opens nothing when made", async () => {
    await using made = subject.make();
    expect(made.plugin.runtime).toBe("cloud");
    expect(made.plugin.supportsParallelExecution()).toBe(true);
    expect(made.plugin.supportsSqlLinting()).toBe(false);
    expect(made.logged).toEqual([]);
  });

  test("a folder without dbt_project.yml is a configuration error with its path, from every method", async () => {
    await using project = await dbtProject({ "dbt_project.yml": null });
    await using made = subject.make();
    const { plugin } = made;
    const ref = { projectDir: project.dir };
    for (const call of [
      () => plugin.compileProject(ref),
      () => plugin.runModels(ref),
      () => plugin.runTests(ref),
      () => plugin.getManifest(ref),
      () => plugin.getRunResults(ref),
      () => plugin.lintProject(ref),
    ]) {
      await expect(call()).rejects.toThrow(DbtConfigurationError);
      await expect(call()).rejects.toThrow(project.dir);
    }
    expect(await plugin.getRuntimeMetadata(ref)).toMatchObject({ type: "cloud", dbtVersion: null });
  });

  test("signed out, every command says so, with a remedy", async () => {
    await using project = await dbtProject(threeModels);
    await using made = subject.make({ withoutEngine: true });
    const error = await failure(made.plugin.compileProject(refOf(project)));
    expect(error).toBeInstanceOf(DbtAuthenticationError);
    expect(error.remedy?.command).toBe("floeDbt.signIn");
  });
});

describe("cloud, emulated: compile", () => {
  test("gives a manifest with every model compiled, touches no table, and says whose commit it is", async () => {
    await using project = await dbtProject(threeModels);
    await using made = subject.make();
    const events: DbtEvent[] = [];
    const manifestPath = await made.plugin.compileProject(refOf(project), {
      onEvent: (event) => events.push(event),
    });
    expect(manifestPath).toMatch(/[\\/]\.floe[\\/]dbt-cloud-cache[\\/]70403105000001[\\/]manifest\.json$/);
    const manifest = JSON.parse(await readFile(manifestPath, "utf8")) as {
      nodes: Record<string, { resource_type: string; compiled_code?: string }>;
    };
    const models = Object.values(manifest.nodes).filter((node) => node.resource_type === "model");
    expect(models).toHaveLength(3);
    expect(models.every((node) => (node.compiled_code ?? "") !== "")).toBe(true);
    expect(await made.plugin.getManifest(refOf(project))).toHaveProperty("metadata.dbt_schema_version");
    expect(await made.plugin.getRuntimeMetadata(refOf(project))).toMatchObject({
      dbtVersion: expect.stringMatching(/^1\.11/) as string,
      adapter: "duckdb",
    });
    expect(existsSync(project.file("target"))).toBe(false);
    const metadata = JSON.parse(
      await readFile(path.join(path.dirname(manifestPath), "metadata.json"), "utf8"),
    ) as object;
    expect(metadata).toMatchObject({ account_id: "70403103900042", run_id: 70403105000001, step: 4 });
    const steps = events.findLast(({ type }) => type === "steps");
    expect(steps).toMatchObject({
      steps: [
        { name: "Clone git repository", state: "success" },
        { name: "Create profile from connection DuckDB" },
        { name: "dbt deps" },
        { name: "dbt compile", state: "success" },
      ],
    });
  });

  test.each([
    ["models/b.sql", "select 1\n{% if %}\n", "models/b.sql", 2, /if/],
    ["models/b.sql", "select * from {{ ref('nope') }}\n", "models/b.sql", undefined, /nope/],
    ["models/b.sql", "select {{ zzz() }}\n", "models/b.sql", undefined, /zzz/],
    [
      "models/more.yml",
      "version: 2\nmodels:\n  - name: a\n   columns: x\n",
      "models/more.yml",
      4,
      /more\.yml/,
    ],
  ])("a mistake in %s is an error there: %j", async (file, text, named, line, words) => {
    await using project = await dbtProject({ ...threeModels, [file]: text });
    await using made = subject.make();
    const error = await failure(made.plugin.compileProject(refOf(project)));
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain("\u001b");
    expect(error.filePath).toBe(project.file(named));
    expect(error.line).toBe(line);
    expect(error).toBeInstanceOf(DbtCompilationError);
    // What is known from before is not taken for the project as it is.
    await expect(made.plugin.getManifest(refOf(project))).rejects.toThrow(/older/);
  });

  test("cancel ends dbt there, within seconds", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "models/a.sql":
        "{{ config(materialized='table') }}\nselect count(*) as amount, 1 as id from range(100000000) as x, range(100000000) as y\n",
    });
    await using made = subject.make();
    const abort = new AbortController();
    let firedAt = 0;
    const running = made.plugin.runModels(
      refOf(project),
      {},
      {
        signal: abort.signal,
        onEvent: (event) => {
          if (event.type !== "log" || !event.message.includes("START sql table model main.a")) return;
          firedAt = performance.now();
          abort.abort();
        },
      },
    );
    await expect(running).rejects.toThrow(DbtCancelledError);
    expect(performance.now() - firedAt).toBeLessThan(5000);
  });
});

async function failure(work: Promise<unknown>): Promise<DbtError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DbtError);
  return error as DbtError;
}
