import { expect, test } from "vitest";
import type { Run, RunNode, RunVerb } from "../../../protocol/run.ts";
import { nodeLine, runReport } from "../../../server/cli/runReport.ts";

const runOf = (verb: RunVerb): Run => ({
  id: "1",
  request: { projectDir: "/shop", verb },
  title: "",
  command: `dbt ${verb}`,
  runtime: "local",
  target: null,
  state: "success",
  queuedAt: 0,
  startedAt: 0,
  endedAt: 0,
  total: null,
  message: null,
  notices: [],
  link: null,
  steps: [],
  nodes: [],
});

test("a run of no nodes does not say that something was done, unless it installed packages", () => {
  const report = (verb: RunVerb): string =>
    runReport(runOf(verb), { baseDir: "/shop", style: (_format, text) => text });
  expect(report("seed")).toBe("dbt seed: nothing to do.");
  expect(report("deps")).toBe("dbt deps: done.");
});

test("a node of another package says which: two may have one name", () => {
  const node: RunNode = {
    uniqueId: "model.shop.orders",
    name: "orders",
    resourceType: "model",
    status: "success",
    startedAt: null,
    seconds: 0.123,
    message: null,
    rowsAffected: 1,
    failures: null,
    filePath: null,
    line: null,
    compiledPath: null,
  };
  const context = {
    done: 1,
    total: 10,
    projectName: "shop",
    style: (_format: unknown, text: string) => text,
  };
  expect(nodeLine(node, context)).toBe(" 1/10 ok    model orders · 0.12 s · 1 row");
  const other = { ...node, uniqueId: "model.utils.orders" };
  expect(nodeLine(other, context)).toBe(" 1/10 ok    model utils.orders · 0.12 s · 1 row");
});
