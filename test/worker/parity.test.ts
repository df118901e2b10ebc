import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { testPython } from "../harness/environment.ts";
import { startWorker, type WorkerDriver } from "../harness/workerDriver.ts";
import { issuesOf, manySqlFluffs, sqlfluffLint, type Issue } from "./commandLine.ts";
import { corpus } from "./corpus.ts";

describe.each(["dbt111", "dbt18"] as const)("%s: the same answer as the command line", (name) => {
  const python = testPython(name);
  let project: TestProject;
  let worker: WorkerDriver;
  let expected: Map<string, Issue[]>;
  let commandLine: ReturnType<typeof manySqlFluffs>;
  const texts = Object.entries(corpus).filter(
    (entry): entry is [string, string] => entry[0].endsWith(".sql") && typeof entry[1] === "string",
  );

  beforeAll(async () => {
    project = await dbtProject(corpus, "shop é's 1");
    commandLine = manySqlFluffs(python);
    expected = await sqlfluffLint(commandLine.sqlfluff, project.dir);
    worker = await startWorker({ projectDir: project.dir, python });
    await worker.request("parse", {});
  });
  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await commandLine[Symbol.asyncDispose]();
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
        event.event === "file" && event.skipped == null ? [[event.filePath, issuesOf(event)] as const] : [],
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

  test.each([
    ["fix", ["fix"], {}],
    ["fix of chosen rules", ["fix", "--rules", "CP01,LT01"], { rules: ["CP01", "LT01"] }],
    ["format", ["format"], { format: true }],
  ] as const)("what %s leaves", async (_, command, options) => {
    const copy = await mkdtemp(path.join(tmpdir(), "floe-dbt-fix-"));
    try {
      await cp(project.dir, copy, { recursive: true });
      await commandLine.sqlfluff(copy, [...command, "."]);
      for (const [file, text] of texts) {
        const after = (await readFile(path.join(copy, file), "utf8")).replace(/^\ufeff/, "");
        const ask = { ...options, rules: "rules" in options ? [...options.rules] : [] };
        const { text: fixed } = await worker.request("fix", { path: project.file(file), ...ask });
        const unsaved = await worker.request("fix", { path: project.file(file), text, ...ask });
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
