import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  cancelRunRequest,
  clearRunsRequest,
  failingRowsRequest,
  runChangedNotification,
  type RunChange,
  runLogRequest,
  runsRequest,
  startRunRequest,
  storedSqlRequest,
} from "../../protocol/requests.ts";
import type { Run, RunRequest } from "../../protocol/run.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import { DbtConfigurationError } from "../../server/plugins/errors.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";
import { type ClientOptions, LspClient } from "../harness/lspClient.ts";
import { dbtResult, type RunCall, ScriptedPlugin } from "../harness/scriptedPlugin.ts";

interface Session extends AsyncDisposable {
  client: LspClient;
  plugin: ScriptedPlugin;
  changes: RunChange[];
  start(request?: Partial<RunRequest>): Promise<string>;
  /** The newest that is known of a run, once it is so. */
  when(id: string, predicate: (run: Run) => boolean): Promise<Run>;
  /** The calls the plugin got, once there are so many. */
  calls(count: number): Promise<RunCall[]>;
}

async function started(project: TestProject, options: Partial<ClientOptions> = {}): Promise<Session> {
  const plugin = new ScriptedPlugin();
  const client = await LspClient.start({
    folders: [project.dir],
    plugins: () => ({ local: () => plugin }),
    ...options,
  });
  const changes: RunChange[] = [];
  const known = new Map<string, Run>();
  client.connection.onNotification(runChangedNotification, (change) => {
    changes.push(change);
    const nodes = new Map((known.get(change.run.id)?.nodes ?? []).map((node) => [node.uniqueId, node]));
    for (const node of change.nodes) nodes.set(node.uniqueId, node);
    known.set(change.run.id, { ...change.run, nodes: [...nodes.values()] });
    client.nudge();
  });
  return {
    client,
    plugin,
    changes,
    async start(request = {}) {
      const params: RunRequest = { projectDir: project.dir, verb: "run", ...request };
      return (await client.connection.sendRequest(startRunRequest, params)).id;
    },
    when: (id, predicate) =>
      client.waitFor(`run ${id}`, () => {
        const run = known.get(id);
        return run && predicate(run) ? run : undefined;
      }),
    calls: (count) =>
      client.waitFor(`${count} calls`, () => (plugin.runs.length >= count ? plugin.runs : undefined)),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

const isState = (state: Run["state"]) => (run: Run) => run.state === state;

describe("a run", () => {
  test("goes from the queue to its end, with its nodes live and then as the result says", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    const end = Promise.withResolvers<ReturnType<typeof dbtResult>>();
    session.plugin.script.run = ({ emit }) => {
      emit({ type: "nodesTotal", total: 2 });
      emit({
        type: "nodeStarted",
        uniqueId: "model.shop.a",
        node: { name: "a", resourceType: "model", path: "models/a.sql" },
      });
      emit({ type: "log", level: "info", message: "1 of 2 START a", uniqueId: "model.shop.a" });
      return end.promise;
    };
    const id = await session.start({ select: "a b", fullRefresh: true, vars: "{x: 1}" });
    const going = await session.when(id, (run) => run.nodes[0]?.status === "running");
    expect(going).toMatchObject({
      state: "running",
      title: "a b",
      command: "dbt run --select 'a b' --full-refresh --vars '{x: 1}'",
      runtime: "local",
      target: "dev",
      total: 2,
      nodes: [{ name: "a", resourceType: "model", filePath: project.file("models/a.sql") }],
    });
    expect(session.plugin.runs[0]).toMatchObject({
      verb: "run",
      selection: { select: "a b", fullRefresh: true, vars: "{x: 1}" },
    });
    end.resolve(
      dbtResult([
        { unique_id: "model.shop.a", status: "success", seconds: 0.5, rows_affected: 3, message: "OK" },
        { unique_id: "model.shop.b", status: "skipped", file: "models/b.sql" },
      ]),
    );
    const run = await session.when(id, isState("success"));
    expect(run.endedAt).toBeGreaterThanOrEqual(run.startedAt ?? Infinity);
    expect(run.nodes).toMatchObject([
      { status: "success", seconds: 0.5, rowsAffected: 3, message: "OK" },
      { name: "b", status: "skipped", filePath: project.file("models/b.sql") },
    ]);
    const { text } = await session.client.connection.sendRequest(runLogRequest, {
      id,
      uniqueId: "model.shop.a",
    });
    expect(text).toMatch(/^\d\d:\d\d:\d\d {2}1 of 2 START a\n$/);
    const { runs } = await session.client.connection.sendRequest(runsRequest, {});
    expect(runs).toEqual([run]);
  });

  test("that failed is no error, and says what failed", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    session.plugin.script.run = () =>
      dbtResult([
        { unique_id: "model.shop.a", status: "error", message: "no such column" },
        { unique_id: "test.shop.unique_a_id.1234", status: "fail", failing_rows: 2 },
        { unique_id: "model.shop.c", status: "skipped" },
      ]);
    const run = await session.when(await session.start({ verb: "build" }), isState("failed"));
    expect(run.message).toBe("2 of 3 failed: a, unique_a_id.");
    expect(run.nodes[1]).toMatchObject({ resourceType: "test", failures: 2, status: "fail" });
  });

  test("that dbt could not do says why, and what mends it", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    const remedy = { title: "Install Packages", command: "floeDbt.installPackages" };
    session.plugin.script.run = () => {
      throw new DbtConfigurationError("Two packages are not installed.", { remedy });
    };
    const run = await session.when(await session.start(), isState("error"));
    expect(run).toMatchObject({ message: "Two packages are not installed.", remedy, nodes: [] });
  });

  test("that selects nothing says so", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    const warning = "The selection criterion 'zzz' does not match any enabled nodes";
    session.plugin.script.run = () => dbtResult([], { warnings: [warning] });
    const run = await session.when(await session.start({ select: "zzz" }), isState("success"));
    expect(run.message).toBe(warning);
  });

  test("costs at most ten messages a second, whatever its size, and each tells only what changed", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    session.plugin.script.run = ({ emit }) => {
      for (let index = 0; index < 5000; index += 1) {
        const uniqueId = `model.shop.m${index}`;
        emit({ type: "nodeStarted", uniqueId });
        emit({ type: "nodeFinished", uniqueId, status: "success", seconds: 0 });
      }
      return dbtResult([]);
    };
    const before = performance.now();
    const run = await session.when(await session.start(), isState("success"));
    const seconds = (performance.now() - before) / 1000;
    expect(run.nodes).toHaveLength(5000);
    expect(session.changes.length).toBeLessThanOrEqual(2 + seconds * 10);
    expect(session.changes.flatMap(({ nodes }) => nodes)).toHaveLength(5000);
  });

  test("whose macro logs a megabyte and a password shows neither in full", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project, { env: { DBT_PASSWORD: "hunter2-hunter2" } });
    session.plugin.script.run = ({ emit }) => {
      for (let index = 0; index < 5; index += 1) {
        emit({ type: "log", level: "info", message: "x".repeat(1_000_000) });
        emit({ type: "log", level: "info", message: `\u001b[31mthe password is hunter2-hunter2\u001b[0m` });
      }
      return dbtResult([{ unique_id: "model.shop.a", status: "error", message: "y".repeat(1_000_000) }]);
    };
    const id = await session.start();
    const run = await session.when(id, isState("failed"));
    expect(run.nodes[0]?.message?.length).toBeLessThan(10_000);
    const { text } = await session.client.connection.sendRequest(runLogRequest, { id });
    expect(text).toContain("the password is ***\n");
    expect(text.length).toBeLessThan(200_000);
  });
});

describe("the queue", () => {
  test("a second run waits visibly where dbt is serial, and goes on when the first has ended", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    const first = Promise.withResolvers<ReturnType<typeof dbtResult>>();
    session.plugin.script.run = ({ selection }) => (selection.select === "a" ? first.promise : dbtResult([]));
    await session.start({ select: "a" });
    const second = await session.start({ select: "b", verb: "test" });
    const third = await session.start({ select: "c" });
    expect(await session.when(second, () => true)).toMatchObject({
      state: "queued",
      message: "Waits for dbt run --select a",
      startedAt: null,
    });
    expect((await session.when(third, () => true)).message).toBe("Waits for dbt test --select b");
    expect(session.plugin.runs).toHaveLength(1);
    first.resolve(dbtResult([]));
    await session.when(second, isState("success"));
    await session.when(third, isState("success"));
    expect(session.plugin.runs.map(({ selection }) => selection.select)).toEqual(["a", "b", "c"]);
  });

  test("where commands may run at once, none waits", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    session.plugin.script.parallel = true;
    session.plugin.script.run = () => new Promise<never>(() => undefined);
    await session.start({ select: "a" });
    const second = await session.start({ select: "b" });
    await session.when(second, isState("running"));
    expect(await session.calls(2)).toHaveLength(2);
  });

  test("cancel reaches dbt, is answered when that has ended, and the next begins", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    session.plugin.script.run = ({ emit, selection, signal }) => {
      if (selection.select !== "a") return dbtResult([]);
      emit({ type: "nodeStarted", uniqueId: "model.shop.a" });
      emit({ type: "nodeStarted", uniqueId: "model.shop.b" });
      const stopped = { uniqueId: "model.shop.b", status: "error", seconds: 1, message: "Interrupted!" };
      signal?.addEventListener("abort", () => emit({ type: "nodeFinished", ...stopped }));
      return new Promise<never>(() => undefined);
    };
    const first = await session.start({ select: "a" });
    const second = await session.start({ select: "b" });
    const third = await session.start({ select: "c" });
    await session.when(first, (run) => run.nodes.length > 0);
    await session.client.connection.sendRequest(cancelRunRequest, { id: second });
    expect((await session.when(second, isState("cancelled"))).startedAt).toBeNull();
    expect(
      await session.when(third, ({ message }) => message !== "Waits for dbt run --select b"),
    ).toMatchObject({
      state: "queued",
      message: "Waits for dbt run --select a",
    });
    await session.client.connection.sendRequest(cancelRunRequest, { id: first });
    expect(session.plugin.runs[0]?.signal?.aborted).toBe(true);
    // The answer comes after the last that is told of the run.
    const { nodes, state } = await session.when(first, () => true);
    expect(state).toBe("cancelled");
    expect(nodes.map(({ status }) => status)).toEqual(["cancelled", "cancelled"]);
    await session.when(third, isState("success"));
    expect(session.plugin.runs.map(({ selection }) => selection.select)).toEqual(["a", "c"]);
  });

  test("what has ended can be forgotten, what goes on cannot", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    session.plugin.script.run = ({ selection }) =>
      selection.select === "a" ? dbtResult([]) : new Promise<never>(() => undefined);
    await session.when(await session.start({ select: "a" }), isState("success"));
    const second = await session.start({ select: "b" });
    await session.client.connection.sendRequest(clearRunsRequest, {});
    const { runs } = await session.client.connection.sendRequest(runsRequest, { projectDir: project.dir });
    expect(runs.map(({ id }) => id)).toEqual([second]);
  });
});

describe("what cannot run", () => {
  test.each([
    [{ verb: "snapshot" as const }, 'The local environment cannot do "dbt snapshot".'],
    [{ projectDir: "/nowhere" }, "There is no dbt project in /nowhere"],
    [{ verb: "fixText" as never }, "dbt/startRun was called in a way it does not understand. verb:"],
    [{ select: 7 as never }, "dbt/startRun was called in a way it does not understand. select:"],
  ])("%j is refused in one sentence", async (request, sentence) => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    await expect(session.start(request)).rejects.toThrow(sentence);
    expect(session.plugin.runs).toEqual([]);
  });

  test("a part cannot be compiled where only the whole can", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    session.plugin.capabilities.delete("compileSelection");
    await expect(session.start({ verb: "compile", select: "a" })).rejects.toThrow(
      "compile the whole project",
    );
  });
});

describe("SQL a run left", () => {
  test("compiled and run SQL of a document, or of a node of a run", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "target/compiled/shop/models/a.sql": "select 1 as a",
      "target/run/shop/models/a.sql": "create table a as (select 1 as a)",
    });
    await using session = await started(project);
    const { connection } = session.client;
    const uri = uriOfPath(project.file("models/a.sql"));
    expect(await connection.sendRequest(storedSqlRequest, { uri, of: "compiled" })).toMatchObject({
      sql: "select 1 as a",
      filePath: project.file("target/compiled/shop/models/a.sql"),
    });
    session.plugin.script.run = () =>
      dbtResult([{ unique_id: "model.shop.a", status: "success", file: "models/a.sql" }]);
    const run = await session.when(await session.start(), isState("success"));
    expect(run.nodes[0]?.compiledPath).toBe(project.file("target/compiled/shop/models/a.sql"));
    const node = { projectDir: project.dir, uniqueId: "model.shop.a", of: "run" as const };
    expect((await connection.sendRequest(storedSqlRequest, node)).sql).toContain("create table a");
    const other = uriOfPath(project.file("models/b.sql"));
    expect(await connection.sendRequest(storedSqlRequest, { uri: other, of: "run" })).toEqual({
      sql: null,
      filePath: null,
      modifiedAt: null,
    });
  });

  test("rows that fail a test are those of its compiled SQL", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "target/compiled/shop/models/schema.yml/unique_a_id.sql": "select id, '{{ x }}' from a",
    });
    await using session = await started(project);
    const { connection } = session.client;
    const uniqueId = "test.shop.unique_a_id.123";
    session.plugin.script.run = () =>
      dbtResult([{ unique_id: uniqueId, status: "fail", failing_rows: 1, file: "models/schema.yml" }]);
    session.plugin.script.preview = ({ text = "" }) => ({
      columns: [{ name: "id", type: null }],
      rows: [[1]],
      sql: text,
      seconds: 0,
    });
    await session.when(await session.start({ verb: "test" }), isState("failed"));
    const ask = { projectDir: project.dir, uniqueId, limit: 1 };
    expect(await connection.sendRequest(failingRowsRequest, ask)).toMatchObject({
      rows: [[1]],
      sql: "select id, '{{ x }}' from a",
      limited: true,
      target: "dev",
    });
    await writeFile(project.file("models/schema.yml"), "");
    await expect(
      connection.sendRequest(failingRowsRequest, { ...ask, uniqueId: "test.shop.other.1" }),
    ).rejects.toThrow("Run the test again");
  });
});

describe("what a run found", () => {
  const failing: Record<string, string> = {
    ...threeModels,
    "models/b.sql":
      "{{ config(materialized='table') }}\n\nselect\n    id,\n    amuont\nfrom {{ ref('a') }}\n",
    "target/compiled/shop/models/b.sql": '\n\nselect\n    id,\n    amuont\nfrom "shop"."main"."a"\n',
    "target/run/shop/models/b.sql":
      'create table "b" as (\n\n\nselect\n    id,\n    amuont\nfrom "shop"."main"."a"\n);',
  };
  const binderError =
    'Runtime Error in model b (models/b.sql)\n  Binder Error: Referenced column "amuont" not found in FROM clause!\n  \n  LINE 7:     amuont\n              ^\n';
  const nodes = (b: string, unique: string) =>
    dbtResult([
      { unique_id: "model.shop.b", status: b, message: binderError, file: "models/b.sql" },
      {
        unique_id: "test.shop.unique_a_id.1234",
        status: unique,
        message: "Got 1 result, configured to fail if != 0",
        failing_rows: 1,
        file: "models/schema.yml",
      },
    ]);

  test("is shown at the model's line and the YAML test's, beside the linter's, until it succeeds", async () => {
    await using project = await dbtProject(failing);
    await using session = await started(project);
    const { client, plugin } = session;
    plugin.script.lint = ({ request }) => [
      {
        filePath: request.paths?.[0] ?? "",
        line: 1,
        column: 1,
        severity: "warning",
        ruleCode: "LT01",
        message: "Lint.",
        source: "sqlfluff",
        fixable: false,
      },
    ];
    const model = await client.open(project.file("models/b.sql"), failing["models/b.sql"]!);
    const schema = uriOfPath(project.file("models/schema.yml"));
    await client.waitForDiagnostics(model, (all) => all.length === 1);
    plugin.script.run = () => nodes("error", "fail");
    const run = await session.when(await session.start({ verb: "build" }), isState("failed"));
    expect(run.nodes.map(({ line }) => line)).toEqual([5, 12]);
    const shown = await client.waitForDiagnostics(model, (all) => all.length === 2);
    expect(shown[0]).toMatchObject({
      source: "dbt",
      severity: 1,
      code: "b",
      range: { start: { line: 4, character: 4 }, end: { line: 4, character: 10 } },
      data: { runId: run.id, uniqueId: "model.shop.b" },
      message: expect.stringContaining('Referenced column "amuont" not found') as string,
    });
    expect(client.diagnostics(schema)).toMatchObject([
      { range: { start: { line: 11 } }, message: "Test unique_a_id failed: 1 row.", severity: 1 },
    ]);

    await client.change(model, `-- a new line\n${failing["models/b.sql"]!}`);
    await client.waitForDiagnostics(model, (all) => all.some(({ range }) => range.start.line === 5));
    plugin.script.run = () => nodes("success", "warn");
    await session.when(await session.start({ verb: "build" }), isState("success"));
    await client.waitForDiagnostics(model, (all) => all.every(({ source }) => source === "sqlfluff"));
    expect(client.diagnostics(schema)).toMatchObject([{ severity: 2 }]);
    await client.connection.sendRequest(clearRunsRequest, { projectDir: project.dir });
    await client.waitForDiagnostics(schema, (all) => all.length === 0);
  });

  test("goes with its line while the file is edited, not to a nearer one of the same text", async () => {
    const twins = failing["models/schema.yml"]!.replace("- not_null", "- unique");
    await using project = await dbtProject({ ...failing, "models/schema.yml": twins });
    await using session = await started(project);
    const { client, plugin } = session;
    const schema = await client.open(project.file("models/schema.yml"), twins);
    plugin.script.run = () => nodes("success", "fail");
    await session.when(await session.start({ verb: "test" }), isState("failed"));
    const isAt = (line: number) =>
      client.waitForDiagnostics(schema, (all) => all.some(({ range }) => range.start.line === line));
    await isAt(11);
    await client.change(schema, twins.split("\n").slice(5).join("\n"));
    await isAt(6);
    await client.close(schema);
    await isAt(11);
  });

  test("is gone at the next run if the file was changed, also where the node is not run again", async () => {
    await using project = await dbtProject(failing);
    await using session = await started(project);
    const { client, plugin } = session;
    plugin.script.run = () => nodes("error", "fail");
    await session.when(await session.start(), isState("failed"));
    const model = uriOfPath(project.file("models/b.sql"));
    expect(client.diagnostics(model)).toHaveLength(1);
    await project.write("models/b.sql", "select 1 as id\n");
    plugin.script.run = () => dbtResult([]);
    await session.when(await session.start({ select: "a" }), isState("success"));
    await client.waitForDiagnostics(model, (all) => all.length === 0);
    expect(client.diagnostics(uriOfPath(project.file("models/schema.yml")))).toHaveLength(1);
  });

  test("before the first node is shown where dbt says, until dbt gets past it", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    const filePath = project.file("models/a.sql");
    session.plugin.script.run = () => {
      throw new DbtConfigurationError("Model a depends on a node named 'x'.", { filePath, line: 4 });
    };
    await session.when(await session.start(), isState("error"));
    const [shown] = await session.client.waitForDiagnostics(uriOfPath(filePath), (all) => all.length > 0);
    expect(shown).toMatchObject({
      range: { start: { line: 3 } },
      message: "Model a depends on a node named 'x'.",
    });
    session.plugin.script.run = () => dbtResult([]);
    await session.when(await session.start(), isState("success"));
    await session.client.waitForDiagnostics(uriOfPath(filePath), (all) => all.length === 0);
  });
});

describe("the history", () => {
  const storage = (project: TestProject) => ({
    initializationOptions: { storageDir: project.file("storage") },
  });

  test("outlives the server: runs, nodes, logs and what was found in files that are the same", async () => {
    await using project = await dbtProject(threeModels);
    {
      await using session = await started(project, storage(project));
      session.plugin.script.run = ({ emit, selection }) => {
        emit({ type: "log", level: "info", message: "hello", uniqueId: "model.shop.a" });
        if (selection.select === "c") {
          emit({ type: "nodeStarted", uniqueId: "model.shop.c" });
          return new Promise<never>(() => undefined);
        }
        return dbtResult([
          { unique_id: "model.shop.a", status: "error", message: "one", file: "models/a.sql" },
          { unique_id: "model.shop.b", status: "error", message: "two", file: "models/b.sql" },
        ]);
      };
      await session.when(await session.start(), isState("failed"));
      await session.when(await session.start({ select: "c" }), (run) => run.nodes.length === 1);
    }
    await project.write("models/b.sql", "select 2\n");
    await using session = await started(project, storage(project));
    const { runs } = await session.client.connection.sendRequest(runsRequest, { projectDir: project.dir });
    expect(runs).toMatchObject([
      { state: "interrupted", title: "c", runtime: "local", target: "dev", nodes: [{ status: "cancelled" }] },
      { state: "failed", nodes: [{ name: "a", status: "error", message: "one" }, { name: "b" }] },
    ]);
    const ask = { id: runs[1]!.id, uniqueId: "model.shop.a" };
    expect((await session.client.connection.sendRequest(runLogRequest, ask)).text).toMatch(/hello\n$/);
    await session.client.waitForDiagnostics(
      uriOfPath(project.file("models/a.sql")),
      (all) => all.length === 1,
    );
    expect(session.client.diagnostics(uriOfPath(project.file("models/b.sql"))) ?? []).toEqual([]);
  });

  test("a run whose server was killed was interrupted, and what cannot be read is left out with one line", async () => {
    await using project = await dbtProject(threeModels);
    {
      await using session = await started(project, storage(project));
      session.plugin.script.run = ({ emit }) => {
        emit({ type: "nodeStarted", uniqueId: "model.shop.a" });
        return dbtResult([{ unique_id: "model.shop.a", status: "success" }]);
      };
      await session.when(await session.start(), isState("success"));
      await session.when(await session.start({ select: "b" }), isState("success"));
    }
    const [folder] = await readdir(project.file("storage/runs"));
    const dir = path.join(project.file("storage/runs"), folder!);
    const files = (await readdir(dir)).filter((name) => name.endsWith(".run.json")).toSorted();
    expect(files).toHaveLength(2);
    const stored = JSON.parse(await readFile(path.join(dir, files[0]!), "utf8")) as { run: Run; pid: number };
    stored.run.state = "running";
    stored.run.nodes[0]!.status = "running";
    stored.pid = 2 ** 30;
    await writeFile(path.join(dir, files[0]!), JSON.stringify(stored));
    await writeFile(path.join(dir, files[1]!), '{"version": 1, "run": {');
    await writeFile(path.join(dir, "diagnostics.json"), "[7]");
    await using session = await started(project, storage(project));
    const { runs } = await session.client.connection.sendRequest(runsRequest, {});
    // How long its node still ran, nobody knows.
    const nodes = [{ status: "cancelled", seconds: null }];
    expect(runs).toMatchObject([
      { state: "interrupted", message: "The editor was closed while it ran.", nodes },
    ]);
    expect(session.client.log.filter((line) => line.includes("history of runs"))).toHaveLength(1);
  });

  test("is bounded: the oldest run goes, and the client is told", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project, storage(project));
    const first = await session.start();
    let last = first;
    for (let count = 0; count < 50; count += 1) last = await session.start();
    await session.when(last, isState("success"));
    const { runs } = await session.client.connection.sendRequest(runsRequest, {});
    expect(runs).toHaveLength(50);
    expect(session.changes.flatMap(({ removed = [] }) => removed)).toEqual([first]);
  });
});

describe("bad input", () => {
  test("nodes without a file, of one name in two packages, results that are none, a name that matched nothing, and events after the end", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "dbt_packages/other/models/a.sql": "select 1 as a\n",
    });
    await using session = await started(project);
    let late: (() => void) | undefined;
    const unmatched = "The selection criterion 'misspelt' does not match any enabled nodes";
    session.plugin.script.run = ({ emit }) => {
      late = () => emit({ type: "nodeFinished", uniqueId: "model.shop.late", status: "error", seconds: 0 });
      emit({ type: "nodeFinished", uniqueId: "", status: "\u0000", seconds: Number.NaN });
      return dbtResult(
        [
          { unique_id: "model.shop.a", status: "success", file: "models/a.sql" },
          {
            unique_id: "model.other.a",
            status: "error",
            file: "models/a.sql",
            message: "\u001b[1m<b>no</b>\u0007",
          },
          { unique_id: "model.shop.gone", status: "error", file: "models/gone.sql", message: { no: "text" } },
          { unique_id: 7 as never, status: "error" },
        ],
        { warnings: [unmatched, "Something deprecated", 7] },
      );
    };
    const id = await session.start();
    const run = await session.when(id, isState("failed"));
    const of = (uniqueId: string) => run.nodes.find((node) => node.uniqueId === uniqueId);
    const packaged = project.file("dbt_packages/other/models/a.sql");
    expect(of("model.shop.a")?.filePath).toBe(project.file("models/a.sql"));
    expect(of("model.other.a")).toMatchObject({ filePath: packaged, message: "<b>no</b>" });
    expect(of("model.shop.gone")).toMatchObject({ filePath: null, message: null, line: null });
    expect(run.notices).toEqual([unmatched]);
    late?.();
    const { runs } = await session.client.connection.sendRequest(runsRequest, {});
    expect(runs[0]?.nodes).toHaveLength(run.nodes.length);
    const shown = await session.client.waitForDiagnostics(uriOfPath(packaged), (all) => all.length === 1);
    expect(shown[0]?.message).toBe("<b>no</b>");
    expect(session.client.diagnostics(uriOfPath(project.file("models/a.sql"))) ?? []).toEqual([]);
  });

  test("a mistake of ours in a run is an error of that run, and the next one works", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await started(project);
    session.plugin.script.run = () => {
      throw new TypeError("undefined is not a function");
    };
    const run = await session.when(await session.start(), isState("error"));
    expect(run.message).toMatch(/a mistake in Floe dbt itself/);
    session.plugin.script.run = () => dbtResult([]);
    await session.when(await session.start(), isState("success"));
  });
});
