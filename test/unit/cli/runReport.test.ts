import { expect, test } from "vitest";
import type { Run, RunVerb } from "../../../protocol/run.ts";
import { runReport } from "../../../server/cli/runReport.ts";

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
