import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copySample } from "../../scripts/sample.mjs";
import {
  cancelRunRequest,
  failingRowsRequest,
  runChangedNotification,
  runLogRequest,
  runsRequest,
  startRunRequest,
  storedSqlRequest,
} from "../../protocol/requests.ts";
import type { Run, RunNode, RunRequest } from "../../protocol/run.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import { type BuiltProduct, buildProduct } from "../harness/builtProduct.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { processesIn } from "../harness/processesIn.ts";
import { openServer, type OpenedServer } from "./builtServer.ts";

let product: BuiltProduct;
let project: TestProject;
let session: OpenedServer;
const known = new Map<string, Run>();

/** Starts a run and waits until it is so; until it has ended, where nothing else is said. */
async function run(
  request: Omit<RunRequest, "projectDir">,
  predicate: (run: Run) => boolean = ({ endedAt }) => endedAt !== null,
): Promise<Run> {
  const { client } = session;
  const { id } = await client.connection.sendRequest(startRunRequest, {
    projectDir: project.dir,
    ...request,
  });
  return client.waitFor(`dbt ${request.verb}`, () => {
    const its = known.get(id);
    return its && predicate(its) ? its : undefined;
  });
}

const timesReady = () =>
  session.client.log.filter((line) => line.includes("dbt is ready for runs of")).length;

const node = ({ nodes }: Run, name: string): RunNode | undefined => nodes.find((each) => each.name === name);
const shown = (file: string) => session.client.diagnostics(uriOfPath(project.file(file))) ?? [];

/** Each test goes on from what the one before left in the warehouse and in the files. */
describe("runs of the sample with real dbt", () => {
  beforeAll(async () => {
    product = await buildProduct();
    project = await dbtProject({ "dbt_project.yml": null, "profiles.yml": null }, "sample");
    copySample(project.dir);
    session = await openServer(product, project);
    session.client.connection.onNotification(runChangedNotification, (change) => {
      const nodes = new Map((known.get(change.run.id)?.nodes ?? []).map((each) => [each.uniqueId, each]));
      for (const each of change.nodes) nodes.set(each.uniqueId, each);
      known.set(change.run.id, { ...change.run, nodes: [...nodes.values()] });
      session.client.nudge();
    });
  });
  afterAll(async () => {
    await session[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
    await product[Symbol.asyncDispose]();
  });

  test("dbt gets ready for the first of them by itself", async () => {
    await session.client.waitFor("dbt to be ready", () => timesReady() || undefined);
  });

  test("build makes everything, node by node", async () => {
    const built = await run({ verb: "build" });
    expect(built).toMatchObject({ state: "success", runtime: "local", target: "dev", message: null });
    expect(built.total).toBe(built.nodes.length);
    expect(node(built, "orders")).toMatchObject({
      status: "success",
      resourceType: "model",
      filePath: project.file("models/marts/orders.sql"),
      compiledPath: project.file("target/compiled/floe_sample/models/marts/orders.sql"),
    });
    expect(node(built, "huts")).toMatchObject({ resourceType: "seed", status: "success" });
    const tests = built.nodes.filter(({ resourceType }) => resourceType === "test");
    expect(tests.every(({ status, failures }) => status === "success" && failures === 0)).toBe(true);
    const { text } = await session.client.connection.sendRequest(runLogRequest, {
      id: built.id,
      uniqueId: node(built, "orders")!.uniqueId,
    });
    expect(text).toContain("orders");
    const stored = await session.client.connection.sendRequest(storedSqlRequest, {
      uri: uriOfPath(project.file("models/marts/orders.sql")),
      of: "run",
    });
    expect(stored.sql).toMatch(/create\s/i);
  });

  test("a column that is not there is shown at its line of the source, and gone once it is mended", async () => {
    const file = "models/marts/revenue_by_kind.sql";
    const text = await readFile(project.file(file), "utf8");
    const broken = text.replace("sum(amount)", "sum(no_such_column)");
    const line = broken.split("\n").findIndex((each) => each.includes("no_such_column"));
    await project.write(file, broken);
    const failed = await run({ verb: "run", select: "revenue_by_kind" });
    expect(failed).toMatchObject({ state: "failed", message: "1 of 1 failed: revenue_by_kind." });
    expect(node(failed, "revenue_by_kind")).toMatchObject({ status: "error", line: line + 1 });
    expect(shown(file).filter(({ source }) => source === "dbt")).toMatchObject([
      { range: { start: { line } }, severity: 1, code: "revenue_by_kind" },
    ]);
    await project.write(file, text);
    expect((await run({ verb: "run", select: "revenue_by_kind" })).state).toBe("success");
    await session.client.waitForDiagnostics(uriOfPath(project.file(file)), (all) =>
      all.every(({ source }) => source !== "dbt"),
    );
  });

  test("tests that fail are shown at their lines of the YAML: one with its rows, a unit test with what differs", async () => {
    const file = "models/marts/marts.yml";
    const text = await readFile(project.file(file), "utf8");
    const column = "      - name: amount\n        data_tests: [not_negative]\n";
    const more = "      - name: status\n        data_tests:\n          - not_null\n          - unique\n";
    const broken = text.replace(column, column + more).replace("is_open: false", "is_open: true");
    const lineOf = (part: string) => broken.slice(0, broken.indexOf(part)).split("\n").length;
    const line = lineOf("          - unique\n");
    await project.write(file, broken);
    const failed = await run({ verb: "test", select: "unique_orders_status thin_ice_closes_the_lake" });
    expect(failed.state).toBe("failed");
    const its = node(failed, "unique_orders_status");
    expect(its).toMatchObject({ status: "fail", filePath: project.file(file), line });
    expect(its?.failures).toBeGreaterThan(0);
    expect(node(failed, "thin_ice_closes_the_lake")).toMatchObject({
      status: "fail",
      failures: null,
      compiledPath: project.file(
        `target/compiled/floe_sample/${file}/models/marts/thin_ice_closes_the_lake.sql`,
      ),
    });
    expect(shown(file).toSorted((a, b) => a.range.start.line - b.range.start.line)).toMatchObject([
      { range: { start: { line: line - 1 } }, source: "dbt" },
      {
        range: { start: { line: lineOf("  - name: thin_ice") - 1 } },
        message: expect.stringMatching(
          /^Unit test thin_ice_closes_the_lake failed\.\nactual differs from expected:/,
        ) as string,
      },
    ]);
    const rows = await session.client.connection.sendRequest(failingRowsRequest, {
      projectDir: project.dir,
      uniqueId: its!.uniqueId,
      limit: 100,
    });
    expect(rows.rows).toHaveLength(its!.failures!);
    expect(rows.sql).toContain("count(*)");
    await project.write(file, text);
  });

  test("a selection that means nothing says so, and one that is malformed is an error in words", async () => {
    expect((await run({ verb: "run", select: "no_such_model" })).message).toMatch(/no_such_model/);
    const malformed = await run({ verb: "run", select: "nomethod:x; touch owned" });
    expect(malformed.state).toBe("error");
    expect(malformed.message).toMatch(/nomethod/);
  });

  test("a node that is missing is shown where it is named, before anything runs", async () => {
    const file = "models/marts/lost.sql";
    await project.write(file, "select 1 as one\nfrom {{ ref('no_such_model') }}\n");
    const lost = await run({ verb: "run", select: "orders" });
    expect(lost).toMatchObject({ state: "error", nodes: [] });
    expect(lost.message).toContain("no_such_model");
    expect(shown(file).some(({ source }) => source === "dbt")).toBe(true);
    await project.write(file, "select 1 as one\n");
  });

  test("cancel ends a model that never ends, and leaves no process; what waited goes on", async () => {
    await project.write(
      "models/marts/endless.sql",
      "{{ config(materialized='table') }}\nselect count(*) as n from range(100000000) as x, range(100000000) as y\n",
    );
    const isGoing = (its: Run): boolean => its.nodes[0]?.status === "running";
    const first = await run({ verb: "run", select: "endless" }, isGoing);
    await session.client.connection.sendRequest(cancelRunRequest, { id: first.id });
    // The next run starts as quickly as this one did.
    await session.client.waitFor("dbt to be ready anew", () => (timesReady() === 2 ? true : undefined));
    const going = await run({ verb: "run", select: "endless" }, isGoing);
    const waiting = await run({ verb: "run", select: "lost" }, ({ state }) => state === "queued");
    expect(waiting.message).toBe("Waits for dbt run --select endless");
    const itsProcesses = processesIn(project.dir).filter((each) => each.endsWith(" runner"));
    if (process.platform === "linux") expect(itsProcesses).toHaveLength(1);
    const before = performance.now();
    await session.client.connection.sendRequest(cancelRunRequest, { id: going.id });
    expect(performance.now() - before).toBeLessThan(2000);
    await session.client.waitFor("the cancelled run", () =>
      known.get(going.id)?.state === "cancelled" ? true : undefined,
    );
    expect(known.get(going.id)?.nodes[0]?.status).toBe("cancelled");
    await session.client.waitFor("the run that waited", () =>
      known.get(waiting.id)?.state === "success" ? true : undefined,
    );
    expect(processesIn(project.dir).filter((each) => itsProcesses.includes(each))).toEqual([]);
    const { runs } = await session.client.connection.sendRequest(runsRequest, {});
    expect(runs[0]?.title).toBe("lost");
  });
});
