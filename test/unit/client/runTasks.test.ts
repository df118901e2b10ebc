import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { readDefinition, requestOf, taskDefinitionSchema } from "../../../client/tasks/taskDefinition.ts";
import { endLines, exitCode, nodeLine, problemLine } from "../../../client/tasks/taskText.ts";
import { type RunHead, type RunNode, runVerbs } from "../../../protocol/run.ts";
import { repoDir } from "../../harness/environment.ts";

const contributes = z
  .object({
    contributes: z.object({
      taskDefinitions: z.array(
        z.object({
          properties: z.record(z.string(), z.object({ enum: z.array(z.string()).optional() }).loose()),
          when: z.string().optional(),
        }),
      ),
      problemMatchers: z.array(z.object({ pattern: z.object({ regexp: z.string() }).loose() })),
    }),
  })
  .parse(JSON.parse(readFileSync(path.join(repoDir, "package.json"), "utf8"))).contributes;

const node = (over: Partial<RunNode>): RunNode => ({
  uniqueId: "test.shop.unique_id",
  name: "unique_id",
  resourceType: "test",
  status: "fail",
  startedAt: null,
  seconds: 0.52,
  message: "Got 2 results\nmore",
  rowsAffected: null,
  failures: 2,
  filePath: "/w/shop/models/shop.yml",
  line: 7,
  compiledPath: null,
  ...over,
});
const head: RunHead = {
  id: "1",
  request: { projectDir: "/w/shop", verb: "build" },
  title: "whole project",
  command: "dbt build",
  runtime: "local",
  target: "dev",
  state: "failed",
  queuedAt: 0,
  startedAt: 1000,
  endedAt: 3000,
  total: 1,
  message: "1 of 1 failed: unique_id.",
  notices: ["runs commit 3f2a"],
  link: null,
  steps: [],
};

describe("a task", () => {
  it("has in package.json what it understands", () => {
    const [definition] = contributes.taskDefinitions;
    const known = Object.keys(taskDefinitionSchema.shape).filter((name) => name !== "type");
    expect(Object.keys(definition?.properties ?? {})).toEqual(known);
    expect(definition?.properties["command"]?.enum).toEqual(runVerbs);
    // A task of tasks.json would be unavailable for good in a window that opens with it.
    expect(definition).not.toHaveProperty("when");
  });

  it("becomes a request, and says what does not fit", () => {
    const definition = readDefinition({ type: "floeDbt", command: "build", select: "a+", fullRefresh: true });
    expect(requestOf(definition, "/w")).toEqual({
      projectDir: "/w",
      verb: "build",
      select: "a+",
      fullRefresh: true,
    });
    expect(requestOf(readDefinition({ type: "floeDbt", command: "test" }), "/w")).toEqual({
      projectDir: "/w",
      verb: "test",
      title: "whole project",
    });
    expect(() => readDefinition({ type: "floeDbt", command: "drop" })).toThrow(
      "This task does not fit: command",
    );
    expect(() => readDefinition({ type: "floeDbt", command: "run", flags: "-x" })).toThrow("flags");
  });

  it("tells nodes and ends with the exit code of a terminal", () => {
    expect(nodeLine(node({}))).toBe("FAIL  unique_id (0.5 s)");
    expect(nodeLine(node({ status: "success", rowsAffected: 3 }))).toBe("OK    unique_id (0.5 s, 3 rows)");
    expect(nodeLine(node({ status: "running" }))).toBeUndefined();
    expect(endLines(head)).toEqual(["runs commit 3f2a", "Failed after 2.0 s: 1 of 1 failed: unique_id."]);
    expect((["success", "failed", "error", "cancelled"] as const).map(exitCode)).toEqual([0, 1, 2, 2]);
  });

  it.each([
    ["/w/shop/models/shop.yml", "7"],
    ["C:\\w\\shop\\models\\shop.yml", "7"],
  ])("writes what its problem matcher reads: %s", (filePath, line) => {
    const text = problemLine(node({ filePath })) ?? "";
    const [matcher] = contributes.problemMatchers;
    expect(new RegExp(matcher?.pattern.regexp ?? "").exec(text)?.slice(1)).toEqual([
      filePath,
      line,
      "error",
      "unique_id: Got 2 results",
    ]);
    expect(problemLine(node({ status: "success" }))).toBeUndefined();
    expect(problemLine(node({ filePath: null }))).toBeUndefined();
  });
});
