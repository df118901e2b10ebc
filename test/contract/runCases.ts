import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DbtCompilationResult } from "../../protocol/compilation.ts";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../../server/plugins/errors.ts";
import { threeModels, type TestProject } from "../harness/dbtProject.ts";
import { endlessModel, expectCancelled } from "./cancelledRun.ts";
import type { ContractSubject } from "./contractSubject.ts";
import { sharedSubject } from "./sharedSubject.ts";

const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });

/** The seed's table as a model of its own, so that a run needs nothing before it. */
const selfContained: Record<string, string> = {
  ...threeModels,
  "models/a.sql": "-- naïve: 10 €\nselect 1 as id, 10 as amount, '☕' as drink\n",
};

interface Node {
  unique_id: string;
  status: string;
  seconds: number | null;
  message: string | null;
  file: string | null;
  failing_rows: number | null;
}
const nodesOf = (metadata: Record<string, unknown>) =>
  new Map((metadata["nodes"] as Node[]).map((node) => [node.unique_id, node]));

export function runCases(subject: ContractSubject): void {
  describe(`${subject.name}: run and test`, () => {
    const shared = sharedSubject(subject);

    test("runs every model, and tests them, with counts, times and events", async () => {
      const { project, made } = await shared.begin(selfContained);
      const events: DbtEvent[] = [];
      const run = await made.plugin.runModels(refOf(project), {}, { onEvent: (event) => events.push(event) });
      expect(run).toMatchObject({ success: true, modelsRun: 3, testsRun: 0, failures: 0 });
      expect(run.executionTimeSeconds).toBeGreaterThan(0);
      expect(nodesOf(run.metadata).get("model.shop.c")?.seconds).toBeGreaterThan(0);
      const finished = events
        .filter((event) => event.type === "nodeFinished")
        .map(({ uniqueId }) => uniqueId);
      expect(finished).toEqual(["model.shop.a", "model.shop.b", "model.shop.c"]);
      expect(await made.plugin.getRunResults(refOf(project))).toHaveProperty("results.length", 3);

      expect(await made.plugin.runTests(refOf(project))).toMatchObject({
        success: true,
        modelsRun: 0,
        testsRun: 2,
        failures: 0,
      });
      const ofB = await made.plugin.runTests(refOf(project), { select: "b" });
      expect([...nodesOf(ofB.metadata).keys()]).toEqual([expect.stringContaining("not_null_b_id")]);
    });

    test("select and exclude choose exactly, and selecting nothing is a success with a warning", async () => {
      const { project, made } = await shared.begin(selfContained);
      const some = await made.plugin.runModels(refOf(project), { select: "a+", exclude: "c" });
      expect([...nodesOf(some.metadata).keys()]).toEqual(["model.shop.a", "model.shop.b"]);
      const none = await made.plugin.runModels(refOf(project), { select: "zzz" });
      expect(none).toMatchObject({ success: true, modelsRun: 0, failures: 0 });
      expect(JSON.stringify(none.metadata["warnings"])).toContain("zzz");
    });

    test("a selector is data: no shell, no option", async () => {
      const { project, made } = await shared.begin(selfContained);
      for (const select of [
        "a; touch owned",
        "$(touch owned)",
        "--full-refresh",
        'tag:x path:"models/dir one"',
      ]) {
        const running = made.plugin.runModels(refOf(project), { select });
        // What cannot be made data for certain may be refused, and says so.
        const result = await running.catch((error: unknown) => error);
        if (subject.expects.refusesSelectors && result instanceof DbtConfigurationError) continue;
        expect((result as DbtCompilationResult).metadata["full_refresh"]).toBe(false);
      }
      expect(existsSync(project.file("owned"))).toBe(false);
    });

    test("full refresh rebuilds an incremental model", async () => {
      const { project, made } = await shared.begin({
        ...selfContained,
        "models/b.sql": "{{ config(materialized='incremental') }}\nselect id, amount from {{ ref('a') }}\n",
        "tests/one_row.sql": "select count(*) from {{ ref('b') }} having count(*) <> 1\n",
      });
      await made.plugin.runModels(refOf(project));
      await made.plugin.runModels(refOf(project));
      expect((await made.plugin.runTests(refOf(project), { select: "one_row" })).failures).toBe(1);
      const refreshed = await made.plugin.runModels(refOf(project), { fullRefresh: true });
      expect(refreshed.metadata["full_refresh"]).toBe(true);
      expect((await made.plugin.runTests(refOf(project), { select: "one_row" })).failures).toBe(0);
    });

    test("a model that fails is a result: the rest is told, what depends on it is skipped", async () => {
      const { project, made } = await shared.begin({
        ...selfContained,
        "models/b.sql": "select no_such_column from {{ ref('a') }} where drink = '☕'\n",
      });
      const run = await made.plugin.runModels(refOf(project));
      expect(run).toMatchObject({ success: false, modelsRun: 1, failures: 1 });
      const nodes = nodesOf(run.metadata);
      expect(nodes.get("model.shop.a")?.status).toBe("success");
      expect(nodes.get("model.shop.b")).toMatchObject({
        status: "error",
        file: project.file("models/b.sql"),
        message: expect.stringContaining("no_such_column") as string,
      });
      expect(nodes.get("model.shop.c")?.status).toBe("skipped");
    });

    test("a failing test and a warning one are told apart, with their rows", async () => {
      const { project, made } = await shared.begin({
        ...selfContained,
        "tests/fails.sql": "select 1 union all select 2\n",
        "tests/warns.sql": "{{ config(severity='warn') }}\nselect 1\n",
      });
      await made.plugin.runModels(refOf(project));
      const tested = await made.plugin.runTests(refOf(project));
      expect(tested).toMatchObject({ success: false, failures: 1, testsRun: 4 });
      expect(tested.metadata["test_warnings"]).toBe(1);
      const failed = [...nodesOf(tested.metadata).values()].find(({ status }) => status === "fail");
      expect(failed).toMatchObject({ failing_rows: 2, file: project.file("tests/fails.sql") });
    });

    test("cancel ends a model that never ends within seconds, and the queue goes on", async () => {
      const { project, made } = await shared.begin({
        ...selfContained,
        "models/b.sql": endlessModel,
      });
      // Elsewhere a log names nodes as the manifest of an earlier run explains.
      if (subject.expects.elsewhere) await made.plugin.compileProject(refOf(project));
      await expectCancelled(made.plugin, refOf(project), {
        node: "model.shop.b",
        withinMs: subject.cancelsWithin ?? 5000,
      });
      expect(await made.plugin.runModels(refOf(project), { select: "a" })).toMatchObject({ modelsRun: 1 });
    });

    test("calls at the same time are carried out in order and each gets its own result", async () => {
      const { project, made } = await shared.begin(selfContained);
      const select = ["a", "a b", "a b c"];
      const done: number[] = [];
      const results = await Promise.all(
        select.map(async (each, index) => {
          const result = await made.plugin.runModels(refOf(project), { select: each });
          done.push(index);
          return result;
        }),
      );
      expect(results.map(({ modelsRun }) => modelsRun)).toEqual([1, 2, 3]);
      if (!subject.expects.parallel) expect(done).toEqual([0, 1, 2]);
    });
  });
}
