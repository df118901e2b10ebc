import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LintEdit } from "../../protocol/lint.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { startWorker, type WorkerDriver } from "../harness/workerDriver.ts";
import { corpus } from "./corpus.ts";

/** Applies edits given in lines and code points, from the last to the first. */
function applyEdits(text: string, edits: readonly LintEdit[]): string {
  const lines = text.split("\n").map((line) => Array.from(line));
  const offset = (line: number, column: number) =>
    lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
  const characters = Array.from(text);
  const spans = edits
    .map((edit) => ({
      start: offset(edit.line, edit.column),
      end: offset(edit.endLine, edit.endColumn),
      newText: edit.newText,
    }))
    .sort((a, b) => b.start - a.start);
  for (const [index, span] of spans.entries()) {
    expect(span.end).toBeLessThanOrEqual(spans[index - 1]?.start ?? characters.length);
    characters.splice(span.start, span.end - span.start, ...Array.from(span.newText));
  }
  return characters.join("");
}

/** SQLFluff itself mends these in several rounds: one break at a time, until the line is short enough. */
const inRounds = new Set(["LT05", "LT11"]);

describe("the edits of one issue", () => {
  let project: TestProject;
  let worker: WorkerDriver;
  beforeAll(async () => {
    project = await dbtProject(corpus);
    worker = await startWorker({ projectDir: project.dir });
    await worker.request("parse", {});
  });
  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  const files = Object.entries(corpus).flatMap(([file, text]) =>
    file.endsWith(".sql") && typeof text === "string"
      ? [[file, text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n")] as const]
      : [],
  );

  test.each(files)("%s: each applied alone mends its issue and breaks nothing", async (file, text) => {
    const { issues } = await worker.lint(project.file(file), text);
    const broken = issues.filter((issue) => issue.severity === "error").length;
    for (const issue of issues) {
      if (!issue.edits) continue;
      expect(issue.fixable).toBe(true);
      const mended = applyEdits(text, issue.edits);
      const after = await worker.lint(project.file(file), mended);
      const context = `${issue.ruleCode} at ${issue.line}:${issue.column} of ${file}:\n${mended}`;
      expect(after.issues.filter((one) => one.severity === "error").length, context).toBe(broken);
      const count = (all: typeof issues) => all.filter((one) => one.ruleCode === issue.ruleCode).length;
      expect(mended, context).not.toBe(text);
      if (!inRounds.has(issue.ruleCode)) expect(count(after.issues), context).toBeLessThan(count(issues));
    }
  });

  test("most fixable issues of the corpus have them", async () => {
    let fixable = 0;
    let edited = 0;
    for (const [file, text] of files) {
      const { issues } = await worker.lint(project.file(file), text);
      fixable += issues.filter((issue) => issue.fixable).length;
      edited += issues.filter((issue) => issue.edits).length;
    }
    expect(fixable).toBeGreaterThan(20);
    expect(edited / fixable).toBeGreaterThan(0.6);
  });

  test("Jinja is never touched by them", async () => {
    const text = "select id from {{ref('orders')}} where ID>1\n";
    const { issues } = await worker.lint(project.file("models/jinja_spaces.sql"), text);
    for (const issue of issues) {
      if (issue.edits) expect(applyEdits(text, issue.edits)).toContain("{{ref('orders')}}");
    }
  });
});
