import { readFile, rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  compileTextRequest,
  manifestChangedNotification,
  runChangedNotification,
  runsRequest,
  selectRuntimeRequest,
  startRunRequest,
} from "../../protocol/requests.ts";
import type { ManifestInfo } from "../../protocol/manifest.ts";
import type { RunHead } from "../../protocol/run.ts";
import type { ProjectStatus } from "../../protocol/runtime.ts";
import { type BuiltProduct, buildProduct } from "../harness/builtProduct.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import { testEngine } from "../harness/environment.ts";
import { openServer } from "./builtServer.ts";

let product: BuiltProduct;
const engine = testEngine();
const onFusion = (settings: Record<string, unknown> = {}) => ({
  settings: { "fusion.path": engine.dbt, ...settings },
  env: engine.env,
});

describe("the built server on the real dbt v2 engine", () => {
  beforeAll(async () => {
    product = await buildProduct();
  });
  afterAll(() => product[Symbol.asyncDispose]());

  test("SQL and YAML are checked while they are typed, each mistake in its file, with its code", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "manifest.yaml": "plugins:\n  dbt_runtime: fusion\n",
    });
    await using session = await openServer(product, project, onFusion());
    const { client } = session;
    const [status] = await client.waitForStatus((all) => all.length === 1);
    expect(status).toMatchObject({ runtime: "fusion", runtimeReason: "manifest.yaml, line 2" });

    const b = await client.open(project.file("models/b.sql"), "select id from {{ ref('nope') }}\n");
    const [unknown] = await client.waitForDiagnostics(b, (all) => all.some(({ code }) => code === "dbt1048"));
    expect(unknown).toMatchObject({ source: "dbt", code: "dbt1048" });
    expect(session.shown("models/b.sql")[0]).toMatch(/^1:16 error dbt1048 Ref 'nope' not found/);

    const yml = await client.open(
      project.file("models/schema.yml"),
      "version: 2\nmodels:\n  - name: c\n    kolumns: x\n",
    );
    await client.waitForDiagnostics(yml, (all) => all.some(({ code }) => code === "dbt1060"));
    expect(session.shown("models/schema.yml").join("\n")).toMatch(/4:5 error dbt1060 .*kolumns/);
    // The mistake of the other file is still there, although neither is saved.
    expect(session.shown("models/b.sql").join("\n")).toContain("dbt1048");

    await client.change(yml, threeModels["models/schema.yml"]!);
    await client.change(b, threeModels["models/b.sql"]!);
    await client.waitForDiagnostics(b, (all) => all.every(({ source }) => source !== "dbt"));
    await client.waitForDiagnostics(yml, (all) => all.length === 0);
    const linted = ([its]: ProjectStatus[]): boolean => its?.versions["linted by"] !== undefined;
    const [ready] = await client.waitForStatus(linted);
    expect(ready).toMatchObject({ state: "ready" });
    expect(ready?.versions["linted by"]).toMatch(/^SQLFluff \d/);
    expect(await client.connection.sendRequest(compileTextRequest, { uri: b })).toMatchObject({
      sql: expect.stringContaining('"shop"."main"."a"') as string,
      error: null,
    });
  });

  test("switching by manifest.yaml keeps its comments and leaves nothing of the runtime before", async () => {
    const manifest = "# chosen by the platform team\nplugins:\n  dbt_runtime: local # for now\n";
    await using project = await dbtProject({
      ...threeModels,
      "models/a.sql": "select 1 as id, 2 as amount\n",
      "manifest.yaml": manifest,
    });
    await using session = await openServer(product, project, onFusion());
    const { client } = session;
    const manifests: ManifestInfo[] = [];
    client.connection.onNotification(manifestChangedNotification, (info) => {
      manifests.push(info);
      client.nudge();
    });
    const changed: RunHead[] = [];
    client.connection.onNotification(runChangedNotification, ({ run }) => {
      changed.push(run);
      client.nudge();
    });
    const [local] = await client.waitForStatus(([its]) => its?.runtime === "local");
    expect(local?.runtimeReason).toBe("manifest.yaml, line 3");
    const c = await client.open(project.file("models/c.sql"), "select {{ nope() }}\n");
    await client.waitForDiagnostics(c, (all) => all.some(({ severity }) => severity === 1));
    const run = async (select: string): Promise<void> => {
      await client.connection.sendRequest(startRunRequest, {
        projectDir: project.dir,
        verb: "run",
        select,
      });
    };
    await run("a");

    const { filePath } = await client.connection.sendRequest(selectRuntimeRequest, {
      projectDir: project.dir,
      runtime: "fusion",
      where: "manifest",
    });
    // What ran for dbt-core has ended before, and its DuckDB file is of another version of DuckDB.
    expect(filePath).toBe(project.file("manifest.yaml"));
    expect(await readFile(project.file("manifest.yaml"), "utf8")).toBe(
      manifest.replace("dbt_runtime: local", "dbt_runtime: fusion"),
    );
    const [fusion] = await client.waitForStatus(
      ([its]) => its?.runtime === "fusion" && its.state === "ready",
    );
    expect(fusion?.versions).not.toHaveProperty("python");
    expect(fusion?.versions["dbt-core"]).toMatch(/^2\./);
    await client.waitForDiagnostics(c, (all) => all.some(({ code }) => code === "dbt1501"));
    expect(session.shown("models/c.sql").filter((each) => / error /.test(each))).toHaveLength(1);

    const { runs } = await client.connection.sendRequest(runsRequest, { projectDir: project.dir });
    expect(runs.map(({ runtime, state }) => [runtime, state])).toEqual([["local", "success"]]);
    // The tree is of the engine's own reading, although target/ has dbt-core's manifest.
    const ofEngine = ({ origin, dbtVersion }: ManifestInfo): boolean =>
      origin === "live" && dbtVersion?.startsWith("2.") === true;
    await client.waitFor("the engine's manifest", () => manifests.find(ofEngine));
    await rm(project.file("shop.duckdb"), { force: true });
    await run("a");
    await client.waitFor("a run of the engine", () =>
      changed.find(({ runtime, state }) => runtime === "fusion" && state === "success"),
    );

    await client.connection.sendRequest(selectRuntimeRequest, {
      projectDir: project.dir,
      runtime: "local",
      where: "manifest",
    });
    await client.waitForStatus(([its]) => its?.runtime === "local" && its.state === "ready");
    await client.waitForDiagnostics(
      c,
      (all) => all.length > 0 && all.every(({ code }) => !String(code).startsWith("dbt1")),
    );
    expect(await readFile(project.file("manifest.yaml"), "utf8")).toBe(manifest);
  });

  test("without a choice, an engine in the project's environment is taken where there is no dbt-core", async () => {
    await using project = await dbtProject({ ...threeModels });
    await using session = await openServer(product, project, {
      ...onFusion(),
      python: project.file("no-python-here"),
    });
    const [status] = await session.client.waitForStatus((all) => all.length === 1);
    expect(status).toMatchObject({
      runtime: "fusion",
      runtimeReason: expect.stringMatching(/^automatic/) as string,
    });
  });

  test("a binary that is not there is said in the status, with the remedy", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await openServer(product, project, {
      settings: { runtime: "fusion", "fusion.path": project.file("nothing") },
    });
    await session.client.open(project.file("models/b.sql"), "select 1\n");
    const status = await session.settled();
    expect(status).toMatchObject({ state: "failed", remedy: { command: "floeDbt.openSettings" } });
    expect(status.reason).toContain("does not exist");
  });
});
