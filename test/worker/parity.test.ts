import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { testPython } from "../harness/environment.ts";
import { startWorker, type FileAnswer, type WorkerDriver } from "../harness/workerDriver.ts";
import { corpus } from "./corpus.ts";

const recordsSchema = z.array(
  z.object({
    filepath: z.string(),
    violations: z.array(
      z.object({
        start_line_no: z.int(),
        start_line_pos: z.int(),
        end_line_no: z.int().optional(),
        end_line_pos: z.int().optional(),
        code: z.string(),
        description: z.string(),
        warning: z.boolean(),
      }),
    ),
  }),
);
type Issue = [line: number, column: number, code: string, message: string, warning: boolean];

/** The command line a person would run, in the same environment and folder. Exit 1 means issues. */
async function sqlfluff(python: string, cwd: string, args: string[]): Promise<string> {
  const run = promisify(execFile)(python, ["-m", "sqlfluff", ...args], { cwd, maxBuffer: 1 << 26 });
  return run.then(
    ({ stdout }) => stdout,
    (error: unknown) => z.object({ stdout: z.string() }).parse(error).stdout,
  );
}

const issuesOf = (answer: FileAnswer): Issue[] =>
  answer.issues.map((issue) => [
    issue.line,
    issue.column,
    issue.ruleCode,
    issue.message,
    issue.severity === "info",
  ]);

describe.each(["dbt111", "dbt18"] as const)("%s: the same answer as the command line", (name) => {
  const python = testPython(name);
  let project: TestProject;
  let worker: WorkerDriver;
  let expected: Map<string, Issue[]>;
  const texts = Object.entries(corpus).filter(
    (entry): entry is [string, string] => entry[0].endsWith(".sql") && typeof entry[1] === "string",
  );

  beforeAll(async () => {
    project = await dbtProject(corpus, "shop é's 1");
    const stdout = await sqlfluff(python, project.dir, ["lint", "--format", "json", "."]);
    const records = recordsSchema.parse(JSON.parse(stdout.slice(stdout.indexOf("["))));
    expected = new Map(
      records.map((record) => [
        path.join(project.dir, record.filepath),
        record.violations.map((v): Issue => [
          // SQLFluff says 0:0 of an error without a place; ours are never outside the file.
          Math.max(1, v.start_line_no),
          Math.max(1, v.start_line_pos),
          v.code,
          v.description,
          v.warning,
        ]),
      ]),
    );
    worker = await startWorker({ projectDir: project.dir, python });
    await worker.request("parse", {});
  });
  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  test("the command line found issues to compare with", () => {
    const codes = new Set([...expected.values()].flat().map((issue) => issue[2]));
    expect(codes).toContain("LT01");
    expect(codes).toContain("PRS");
    expect(codes).toContain("JJ01");
    expect([...expected.values()].flat().some((issue) => issue[4])).toBe(true);
  });

  test.each(texts.map(([file]) => file))("%s, saved", async (file) => {
    const answer = await worker.lint(project.file(file));
    expect(issuesOf(answer)).toEqual(expected.get(project.file(file)) ?? []);
  });

  test.each(texts)("%s, as unsaved text of its own", async (file, text) => {
    // A blank and back: the second lint must not be answered for the first one's text.
    await worker.lint(project.file(file), `${text} `);
    const answer = await worker.lint(project.file(file), text);
    expect(issuesOf(answer)).toEqual(expected.get(project.file(file)) ?? []);
  });

  test("the whole project", async () => {
    const asked = worker.ask("lint", {});
    const result = await asked.answer;
    const found = new Map(
      asked.events.flatMap((event) =>
        event.event === "file" && event.skipped == null
          ? [[event.filePath, issuesOf({ issues: event.issues, skipped: null })] as const]
          : [],
      ),
    );
    const withIssues = (all: Map<string, Issue[]>) =>
      Object.fromEntries([...all].filter(([, issues]) => issues.length > 0).sort());
    expect(withIssues(found)).toEqual(withIssues(expected));
    expect(new Set(result.linted)).toEqual(new Set(found.keys()));
    expect(
      result.skipped.map(({ filePath, reason }) => [path.relative(project.dir, filePath), reason]),
    ).toEqual(
      expect.arrayContaining([
        ["macros/cents.sql", "it is a macro"],
        ["models/disabled.sql", "it is disabled"],
      ]),
    );
  });

  test("what fix leaves", async () => {
    const copy = await mkdtemp(path.join(tmpdir(), "floe-dbt-fix-"));
    try {
      await cp(project.dir, copy, { recursive: true });
      await sqlfluff(python, copy, ["fix", "."]);
      for (const [file, text] of texts) {
        const after = (await readFile(path.join(copy, file), "utf8")).replace(/^\ufeff/, "");
        const { text: fixed } = await worker.request("fix", { path: project.file(file) });
        const unsaved = await worker.request("fix", { path: project.file(file), text });
        const plain = after.replaceAll("\r\n", "\n");
        const before = text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
        expect([file, fixed ?? before]).toEqual([file, plain]);
        expect([file, unsaved.text ?? before]).toEqual([file, plain]);
      }
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
});
