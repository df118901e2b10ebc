import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { readManifestHere } from "../../../server/manifest/readManifest.ts";
import { LiveNodes } from "../../../server/plugins/cloud/liveNodes.ts";
import { readLogLine } from "../../../server/plugins/cloud/nodeLines.ts";
import { NodeNames } from "../../../server/plugins/cloud/nodeNames.ts";
import type { DbtEvent } from "../../../server/plugins/dbtPlugin.ts";

const dir = await mkdtemp(path.join(tmpdir(), "floe-dbt-names-"));
afterAll(() => rm(dir, { recursive: true, force: true }));

async function names(): Promise<NodeNames> {
  const file = path.join(dir, "manifest.json");
  const node = (resource_type: string, name: string, relation_name = `"x"."main"."${name}"`) => ({
    resource_type,
    name,
    relation_name,
    original_file_path: `${resource_type}s/${name}`,
  });
  const nodes = {
    "model.shop.a": node("model", "a"),
    "model.shop.c": node("model", "c", "`x.main`.`cc`"),
    "model.shop.twin": node("model", "twin", "x.one.twin"),
    "model.extra.twin": node("model", "twin", "[x].[two].[twin]"),
    "seed.shop.raw": node("seed", "raw"),
    "snapshot.shop.hist": node("snapshot", "hist"),
    "test.shop.fails": node("test", "fails"),
    "test.shop.av.81": node("test", "av"),
  };
  const unit_tests = {
    "unit_test.shop.d.ut": {
      name: "ut",
      model: "d",
      depends_on: { nodes: ["model.shop.d"] },
      original_file_path: "models/s.yml",
    },
  };
  await writeFile(file, JSON.stringify({ nodes, unit_tests }));
  return NodeNames.of(file, readManifestHere, new AbortController().signal);
}

/** What the log tells: "started model.shop.a", "success model.shop.a 0.26". */
async function told(lines: readonly string[], known = true): Promise<string[]> {
  const events: DbtEvent[] = [];
  const live = new LiveNodes(known ? await names() : null, (event) => events.push(event));
  for (const line of lines) live.read(line);
  return events.flatMap((event) => {
    if (event.type === "nodesTotal") return `of ${event.total}`;
    if (event.type === "nodeStarted") return `started ${event.uniqueId}`;
    if (event.type !== "nodeFinished") return [];
    const { status, uniqueId, seconds, failures } = event;
    return [status, uniqueId, seconds, failures].filter((each) => each !== undefined).join(" ");
  });
}

test("dbt's own lines: threads side by side, seeds, snapshots, tests, what is skipped", async () => {
  expect(
    await told([
      "1 of 1 START hook: shop.on-run-start.0 ......................................... [RUN]",
      "1 of 1 OK hook: shop.on-run-start.0 ............................................ [OK in 0.02s]",
      "1 of 8 START sql table model main.a ........................................... [RUN]",
      "2 of 8 START seed file main.raw ............................................... [RUN]",
      "2 of 8 OK loaded seed file main.raw ........................................... [INSERT 1 in 0.23s]",
      "3 of 8 START test fails ....................................................... [RUN]",
      "1 of 8 OK created sql table model main.a ...................................... [SUCCESS 1 in 0.26s]",
      "4 of 8 START snapshot main.hist ............................................... [RUN]",
      "3 of 8 FAIL 2 fails ........................................................... [FAIL 2 in 0.14s]",
      "5 of 8 START test av .......................................................... [RUN]",
      "5 of 8 WARN 1 av .............................................................. [WARN 1 in 0.07s]",
      "4 of 8 OK snapshotted main.hist ............................................... [OK in 0.28s]",
      "6 of 8 START unit_test d::ut .................................................. [RUN]",
      "7 of 8 SKIP relation main.c due to ephemeral model error [ERROR SKIP]",
      "6 of 8 PASS d::ut ............................................................. [PASS in 0.42s]",
      // What is no node of the manifest, or could be two of them, is left to the results.
      "8 of 8 START sql view model three.twin ......................................... [RUN]",
      "8 of 8 OK created sql view model three.twin .................................... [OK in 1.10s]",
      "Finished running 1 seed, 2 table models in 0 hours 0 minutes and 1.37 seconds (1.37s).",
      "select 1 of 2 START",
    ]),
  ).toEqual([
    "of 8",
    "started model.shop.a",
    "started seed.shop.raw",
    "success seed.shop.raw 0.23",
    "started test.shop.fails",
    "success model.shop.a 0.26",
    "started snapshot.shop.hist",
    "fail test.shop.fails 0.14 2",
    "started test.shop.av.81",
    "warn test.shop.av.81 0.07 1",
    "success snapshot.shop.hist 0.28",
    "started unit_test.shop.d.ut",
    "started model.shop.c",
    "skipped model.shop.c 0",
    "pass unit_test.shop.d.ut 0.42",
  ]);
});

test("what no manifest knows is named as the log does while it runs, and has no row", () => {
  const events: DbtEvent[] = [];
  const live = new LiveNodes(null, (event) => events.push(event));
  const doing = [
    "1 of 3 START sql table model main.a ........................................... [RUN]",
    "2 of 3 START test fails ....................................................... [RUN]",
    "1 of 3 OK created sql table model main.a ...................................... [SUCCESS 1 in 0.26s]",
    "2 of 3 FAIL 2 fails ........................................................... [FAIL 2 in 0.14s]",
    "3 of 3 SKIP relation main.c due to ephemeral model error [ERROR SKIP]",
  ].map((line) => {
    live.read(line);
    return live.doing;
  });
  expect(doing).toEqual(["1 of 3 · main.a", "2 of 3 · main.a, fails", "2 of 3 · fails", null, null]);
  expect(events).toEqual([]);
});

test("a failed model, in a schema and with an alias of this run's own", async () => {
  expect(
    await told([
      "1 of 1 START sql view model x.pr_12.cc .......................................... [RUN]",
      "1 of 1 ERROR creating sql view model x.pr_12.cc ................................. [ERROR in 0.09s]",
      "1 of 1 ERROR creating sql view model x.pr_12.cc ................................. [ERROR in 0.09s]",
    ]),
  ).toEqual(["of 1", "started model.shop.c", "error model.shop.c 0.09"]);
});

test("the v2 engine's lines, which tell the end alone", async () => {
  expect(
    await told([
      "  Finished [  0.00s] hook  shop-on-run-start-0",
      "    Failed [  0.03s] test  fails (tests/fails.sql)",
      " Succeeded [  0.06s] model main.a (table)",
      "    Failed [  1.58s] unit_test main_dbt_test__audit.ut (models/s.yml:8:11)",
      "   Skipped [-------] model main.cc (view)",
    ]),
  ).toEqual([
    "started test.shop.fails",
    "fail test.shop.fails 0.03",
    "started model.shop.a",
    "success model.shop.a 0.06",
    "started unit_test.shop.d.ut",
    "fail unit_test.shop.d.ut 1.58",
    "started model.shop.c",
    "skipped model.shop.c 0",
  ]);
});

test("a structured log says itself which node it is about, and is shown in words", async () => {
  const line = (msg: string) =>
    JSON.stringify({ data: { node_info: { unique_id: "test.shop.other.1" } }, info: { msg, name: "x" } });
  const lines = ["5 of 10 START test other ... [RUN]", "5 of 10 PASS other ... [PASS in 0.07s]"].map(line);
  expect(await told(lines, false)).toEqual([
    "of 10",
    "started test.shop.other.1",
    "pass test.shop.other.1 0.07",
  ]);
  expect(readLogLine(lines[0]!).text).toBe("5 of 10 START test other ... [RUN]");
  expect(readLogLine('{"macro": "prints this"}')).toEqual({ text: '{"macro": "prints this"}', node: null });
});
