import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { WorkerEvent } from "../../protocol/worker.ts";
import { dbtProject } from "../harness/dbtProject.ts";
import { startWorker, WorkerFailure } from "../harness/workerDriver.ts";
import { pythonEnvironment } from "./environments.ts";
import { sharedWorker, sqlfluffConfig as sqlfluff } from "./sharedWorker.ts";

const model = (n: number): string =>
  `select\n${Array.from({ length: 40 }, (_, i) => `    ${n} + ${i} AS column_${i}`).join(",\n")}\nfrom {{ ref('base') }}\n`;

describe("a project dbt cannot read, and one it can, in the worker that is told of each", () => {
  const shared = sharedWorker();

  test("a project that does not parse is linted without dbt, says why, and recovers when repaired", async () => {
    const { project, worker } = await shared.begin({
      "models/a.sql": "select id from {{ ref('b') }}\n",
      "models/b.sql": "select id from {{ ref('nowhere') }}\n",
      "models/c.sql": "SELECT {{ anything('x') }} as id from {{ ref('a') }}\n",
    });
    const parsed = await worker.request("parse", {});
    expect(parsed.state).toBe("degraded");
    expect(parsed.reason).toContain("nowhere");
    expect(worker.events).toContainEqual(
      expect.objectContaining({ event: "status", state: "degraded", filePath: project.file("models/b.sql") }),
    );
    const { issues } = await worker.lint(project.file("models/c.sql"));
    expect(issues.map((issue) => issue.ruleCode)).toContain("CP01");
    expect(issues.filter((issue) => issue.ruleCode === "TMP")).toEqual([]);

    const repaired = await project.write("models/b.sql", "select 1 as id\n");
    await project.write("models/c.sql", "select id from {{ ref('a') }}\n");
    worker.notify("filesChanged", { paths: [repaired] });
    await worker.event((event) => event.event === "status" && event.state === "ready");
    expect((await worker.lint(project.file("models/a.sql"))).issues).toEqual([]);
  });

  test("models that need each other are linted, and the status says that dbt will refuse them", async () => {
    const { project, worker } = await shared.begin({
      "models/a.sql": "SELECT id from {{ ref('b') }}\n",
      "models/b.sql": "select id from {{ ref('a') }}\n",
    });
    expect(await worker.request("parse", {})).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("cycle") as string,
    });
    const { issues } = await worker.lint(project.file("models/a.sql"));
    expect(issues.map((issue) => issue.ruleCode)).toEqual(["CP01"]);
  });

  test.each([
    ["broken YAML", { "models/schema.yml": "models:\n  - name: a\n   description: x\n" }, /schema\.yml/],
    [
      "a missing profile",
      { "profiles.yml": "other:\n  target: dev\n  outputs: {dev: {type: duckdb}}\n" },
      /shop/,
    ],
    [
      "a missing adapter",
      { "profiles.yml": "shop:\n  target: dev\n  outputs: {dev: {type: oracle}}\n" },
      /oracle/,
    ],
    [
      "a missing env_var",
      { "models/b.sql": "select '{{ env_var('NOT_SET_ANYWHERE') }}' as x\n" },
      /NOT_SET_ANYWHERE/,
    ],
  ])("%s is told in dbt's own words, without stack or ANSI", async (_, files, words) => {
    const { project, worker } = await shared.begin({
      "models/a.sql": "select 1 as ID\n",
      ...files,
    });
    const parsed = await worker.request("parse", {});
    expect(parsed.state).toBe("degraded");
    expect(parsed.reason).toMatch(words);
    expect(parsed.reason).not.toMatch(/\x1b|Traceback|\.py"/);
    expect((await worker.lint(project.file("models/a.sql"))).skipped).toBeNull();
  });

  test("a binary file, which no dbt can read, is named and is an error itself; the others are linted", async () => {
    const { project, worker } = await shared.begin({
      "models/a.sql": "SELECT 1 as id\n",
      "models/binary.sql": Buffer.from([0x00, 0xff, 0xfe, 0x00, 0x80, 0x81, 0x0a]),
    });
    const parsed = await worker.request("parse", {});
    expect(parsed).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("binary.sql") as string,
    });
    expect(worker.events).toContainEqual(
      expect.objectContaining({ event: "status", filePath: project.file("models/binary.sql") }),
    );
    const { issues } = await worker.lint(project.file("models/binary.sql"));
    expect(issues[0]).toMatchObject({ line: 1, severity: "error" });
    expect((await worker.lint(project.file("models/a.sql"))).issues).toMatchObject([{ ruleCode: "CP01" }]);
  });
});

describe("one worker at work", () => {
  const shared = sharedWorker();

  test("a new model is known after the save, without asking for a parse", async () => {
    const { project, worker } = await shared.begin({ "models/base.sql": "select 1 as id\n" });
    await worker.request("parse", {});
    const added = await project.write("models/added.sql", "select id from {{ ref('base') }}\n");
    worker.notify("filesChanged", { paths: [added] });
    expect(await worker.lint(added)).toEqual({ issues: [], skipped: null });
  });

  test("a cancelled project lint ends, and a keystroke meanwhile does not wait for it", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`models/m${n}.sql`, model(n)] as const),
    );
    const { project, worker } = await shared.begin({
      "models/base.sql": "select 1 as id\n",
      ...files,
    });
    await worker.request("parse", {});
    const all = worker.ask("lint", {});
    const answer = await worker.lint(project.file("models/base.sql"), "SELECT 1 as id\n");
    expect(answer.issues.map((issue) => issue.ruleCode)).toContain("CP01");
    expect(all.events.filter((event) => event.event === "file").length).toBeLessThan(61);
    worker.notify("cancel", { id: all.id });
    await expect(all.answer).rejects.toThrow(WorkerFailure);
    await expect(all.answer).rejects.toMatchObject({ detail: { kind: "cancelled" } });
    expect((await worker.request("status", {})).state).toBe("ready");
  });

  test("a request nobody knows, and rubbish, leave the worker as it is", async () => {
    const { project, worker } = await shared.begin({ "models/base.sql": "SELECT 1 as id\n" });
    worker.process.stdin?.write("rubbish\n[1, 2]\n\n");
    await expect(worker.request("dance" as "status", {})).rejects.toMatchObject({
      detail: { kind: "internal" },
    });
    await expect(worker.request("lint", { paths: 7 as unknown as string[] })).rejects.toMatchObject({
      detail: { kind: "internal" },
    });
    expect((await worker.lint(project.file("models/base.sql"))).issues).not.toEqual([]);
  });

  test("a broken .sqlfluff is a mistake in the configuration, said in one sentence", async () => {
    const { project, worker } = await shared.begin({
      ".sqlfluff": "[sqlfluff]\ndialect = no_such_dialect\n",
      "models/base.sql": "SELECT 1 as id\n",
    });
    await expect(worker.lint(project.file("models/base.sql"))).rejects.toMatchObject({
      detail: { kind: "configuration", message: expect.stringContaining("no_such_dialect") as string },
    });
    await project.write(".sqlfluff", sqlfluff);
    expect((await worker.lint(project.file("models/base.sql"))).issues).not.toEqual([]);
  });

  test("a broken .sqlfluff of one folder is a mistake in that file, whoever comes upon it", async () => {
    const { project, worker } = await shared.begin({ "models/base.sql": "SELECT 1 as id\n" });
    const model = await project.write("models/deep/model.sql", "SELECT 1 as id\n");
    await worker.lint(model);
    const filePath = await project.write("models/deep/.sqlfluff", "[sqlfluff]\nrules = CP01\n[broken\n");
    const detail = {
      kind: "configuration",
      message: `SQLFluff's configuration: ${filePath}: it cannot be read: Source contains parsing errors`,
      filePath,
      line: 3,
    };
    await expect(worker.lint(model)).rejects.toMatchObject({ detail });
    await expect(worker.request("lint", {})).rejects.toMatchObject({ detail });
    await expect(worker.request("fix", { path: model })).rejects.toMatchObject({ detail });
    await project.write("models/deep/.sqlfluff", "[sqlfluff]\nrules = LT01\n");
    expect((await worker.lint(model)).issues).toEqual([]);
  });

  test("the end of stdin ends the worker at once", async () => {
    const { worker } = await shared.begin({ "models/base.sql": "select 1 as id\n" });
    await worker.request("parse", {});
    worker.process.stdin?.end();
    expect(await worker.exited).toBe(0);
    expect(worker.stderr()).toBe("");
  });
});

test("the whole project, in several processes, with progress; unchanged it is not linted again, nor after a restart", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 13 }, (_, n) => [`models/m${n}.sql`, model(n)] as const),
  );
  await using project = await dbtProject({
    ".sqlfluff": sqlfluff,
    "models/base.sql": "select 1 as id\n",
    ...files,
  });
  const privateDir = await mkdtemp(path.join(tmpdir(), "floe-dbt-private-"));
  try {
    const lintAll = async (worker: Awaited<ReturnType<typeof startWorker>>) => {
      const start = performance.now();
      const asked = worker.ask("lint", {});
      const result = await asked.answer;
      const answers = asked.events
        .flatMap((event) => (event.event === "file" ? [[event.filePath, event.issues] as const] : []))
        .sort();
      return { result, answers, events: asked.events, seconds: (performance.now() - start) / 1000 };
    };
    let first;
    {
      await using worker = await startWorker({ projectDir: project.dir, privateDir });
      await worker.request("parse", {});
      first = await lintAll(worker);
      expect(first.result.linted).toHaveLength(14);
      expect(first.events.filter((event) => event.event === "progress").at(-1)).toMatchObject({
        done: 14,
        total: 14,
      });
      const second = await lintAll(worker);
      expect(second.answers).toEqual(first.answers);
      expect(second.seconds).toBeLessThan(first.seconds / 10);
    }
    await using worker = await startWorker({ projectDir: project.dir, privateDir });
    await worker.request("parse", {});
    const again = await lintAll(worker);
    expect(again.answers).toEqual(first.answers);
    expect(again.seconds).toBeLessThan(first.seconds / 2);
  } finally {
    await rm(privateDir, { recursive: true, force: true });
  }
});

/** Makes the worker's Python say when a file of this name is opened. */
const tellsOfOpening = (name: string): Record<string, string> => ({
  "at_start.py": `import os, sys

def tell(event, details):
    if event == "open" and str(details[0]).endswith("${name}"):
        os.write(1, b"${name} is read\\n")

sys.addaudithook(tell)
`,
});

test("a keystroke does not wait for a parse in the background, which then begins again and ends", async () => {
  await using environment = await pythonEnvironment(null, tellsOfOpening("slow.sql"));
  await using project = await dbtProject({ ".sqlfluff": sqlfluff, "models/base.sql": "select 1 as id\n" });
  await using worker = await startWorker({ projectDir: project.dir, python: environment.python });
  await worker.request("parse", {});
  await worker.lint(project.file("models/base.sql"));
  // Cleared before the file is there: a parse that is under way for another reason may already read it.
  worker.events.length = 0;
  // Seconds of Jinja while dbt parses.
  const slow = await project.write(
    "models/slow.sql",
    "{% for i in range(5000) %}{% for j in range(2000) %}{% endfor %}{% endfor %}\nselect 1 as id\n",
  );
  const isRead = (event: WorkerEvent) => event.event === "log" && event.message === "slow.sql is read";
  const isReady = (event: WorkerEvent) => event.event === "status" && event.state === "ready";
  worker.notify("filesChanged", { paths: [slow] });
  await worker.event(isRead);
  const answer = await worker.lint(project.file("models/base.sql"), "SELECT 1 as id\n");
  expect(answer.issues.map((issue) => issue.ruleCode)).toContain("CP01");
  expect(worker.events.filter(isReady)).toEqual([]);
  await worker.event(isReady);
  expect(worker.events.filter(isRead)).toHaveLength(2);
  const after = await worker.lint(project.file("models/base.sql"), "select id from {{ ref('slow') }}\n");
  expect(after.issues).toEqual([]);
});

test("a project behind a link keeps the names it was asked by", async () => {
  await using project = await dbtProject({ ".sqlfluff": sqlfluff, "models/base.sql": "SELECT 1 as id\n" });
  const link = `${project.dir}-link`;
  await symlink(project.dir, link, "junction");
  await using worker = await startWorker({ projectDir: link });
  const { linted } = await worker.request("lint", {});
  expect(linted).toEqual([path.join(link, "models/base.sql")]);
  expect((await worker.lint(path.join(link, "models/base.sql"))).issues).not.toEqual([]);
});

test("two workers on one project get a folder each", async () => {
  await using project = await dbtProject({ ".sqlfluff": sqlfluff, "models/base.sql": "select 1 as id\n" });
  const privateDir = await mkdtemp(path.join(tmpdir(), "floe-dbt-private-"));
  try {
    await using first = await startWorker({ projectDir: project.dir, privateDir, cold: true });
    await using second = await startWorker({ projectDir: project.dir, privateDir, cold: true });
    expect((await first.request("parse", {})).state).toBe("ready");
    expect((await second.request("parse", {})).state).toBe("ready");
    for (const slot of ["0", "1"]) {
      const partialParse = path.join(privateDir, slot, "target", "partial_parse.msgpack");
      expect((await readFile(partialParse)).length).toBeGreaterThan(0);
    }
  } finally {
    await rm(privateDir, { recursive: true, force: true });
  }
});

test("without a usable cache folder everything works, and the log says so", async () => {
  await using project = await dbtProject({ ".sqlfluff": sqlfluff, "models/base.sql": "SELECT 1 as id\n" });
  const inTheWay = await project.write("in_the_way", "a file where the folder should be");
  await using worker = await startWorker({
    projectDir: project.dir,
    privateDir: path.join(inTheWay, "x"),
    cold: true,
  });
  expect((await worker.request("parse", {})).state).toBe("ready");
  expect((await worker.lint(project.file("models/base.sql"))).issues).not.toEqual([]);
  await worker.event((event) => event.event === "log" && event.message.includes("cache folder"));
});

test("a rotten cache file is as good as none", async () => {
  await using project = await dbtProject({ ".sqlfluff": sqlfluff, "models/base.sql": "SELECT 1 as id\n" });
  const privateDir = await mkdtemp(path.join(tmpdir(), "floe-dbt-private-"));
  const file = project.file("models/base.sql");
  const lintOnce = async () => {
    await using worker = await startWorker({ projectDir: project.dir, privateDir });
    return await worker.lint(file);
  };
  try {
    const first = await lintOnce();
    const stored = await readdir(path.join(privateDir, "lint"));
    expect(stored).toHaveLength(1);
    await writeFile(path.join(privateDir, "lint", stored[0]!), '{"key": "cut sho');
    expect(await lintOnce()).toEqual(first);
  } finally {
    await rm(privateDir, { recursive: true, force: true });
  }
});
