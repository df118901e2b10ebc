import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { startWorker, type WorkerDriver } from "../harness/workerDriver.ts";

const sqlfluff = "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n";

describe("unsaved text on the loaded project", () => {
  let project: TestProject;
  let worker: WorkerDriver;

  beforeAll(async () => {
    project = await dbtProject({
      ".sqlfluff": sqlfluff,
      "macros/m.sql":
        "{% macro breaks() %}{{ exceptions.raise_compiler_error('no good') }}{% endmacro %}\n{% macro prints() %}{{ print('printed by a macro') }}1{% endmacro %}\n",
      "models/a.sql": "select 1 as id\n",
      "models/b.sql": "select id from {{ ref('a') }}\n",
      "models/c.sql": "select 2 as id\n",
    });
    worker = await startWorker({ projectDir: project.dir });
    await worker.request("parse", {});
  });
  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  const errors = async (text: string) =>
    (await worker.lint(project.file("models/b.sql"), text)).issues.filter((i) => i.severity === "error");

  test("a ref typed a moment ago resolves", async () => {
    expect(await errors("select id from {{ ref('c') }}\n")).toEqual([]);
  });

  test("an unknown ref is an error where it stands, and nothing else is", async () => {
    const found = await errors("select\n    id,\n    1 as one\nfrom {{ ref('nowhere') }}\n");
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ line: 4, column: 9, source: "dbt" });
    expect(found[0]?.message).toContain("nowhere");
  });

  test("an unknown macro is an error where it stands", async () => {
    const found = await errors("select\n    {{ unheard_of('id') }} as id\nfrom {{ ref('a') }}\n");
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ line: 2, column: 8 });
    expect(found[0]?.message).toContain("unheard_of");
  });

  test("broken Jinja is an error at its line, blank lines before it counted", async () => {
    const found = await errors("\n\nselect id\nfrom {{ ref('a' }}\n");
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ line: 4, source: "dbt" });
  });

  test("a macro that raises is an error, and the next text is linted again", async () => {
    const found = await errors("select {{ breaks() }} as id\n");
    expect(found[0]?.message).toContain("no good");
    expect(await errors("select id from {{ ref('a') }}\n")).toEqual([]);
    expect((await worker.lint(project.file("models/b.sql"))).issues).toEqual([]);
  });

  test("what a macro prints never reaches the protocol", async () => {
    expect(await errors("select {{ prints() }} as id\n")).toEqual([]);
  });

  test("template and parse errors come a wave before the rules", async () => {
    const asked = worker.ask("lint", {
      paths: [project.file("models/a.sql")],
      texts: { [project.file("models/a.sql")]: "select from from\n" },
      interactive: true,
    });
    await asked.answer;
    expect(asked.events.map((event) => event.event)).toEqual(["wave", "file"]);
  });

  test("nothing was written into the project", async () => {
    expect((await readdir(project.dir)).sort()).toEqual(
      [".sqlfluff", "dbt_project.yml", "macros", "models", "profiles.yml"].sort(),
    );
  });

  test("a changed .sqlfluff counts at once", async () => {
    const text = "SELECT id, 1 as one from {{ ref('a') }}\n";
    const before = await worker.lint(project.file("models/b.sql"), text);
    expect(before.issues.map((issue) => issue.ruleCode)).toContain("CP01");
    await project.write(".sqlfluff", `${sqlfluff}exclude_rules = CP01\n`);
    const after = await worker.lint(project.file("models/b.sql"), text);
    expect(after.issues.map((issue) => issue.ruleCode)).not.toContain("CP01");
  });
});

describe("files that dbt or SQLFluff leave out", () => {
  test("are said to be skipped, and why", async () => {
    await using project = await dbtProject({
      ".sqlfluff": sqlfluff,
      ".sqlfluffignore": "models/old.sql\n",
      "models/a.sql": "select 1 as id\n",
      "models/old.sql": "SELECT 1 as ID\n",
      "models/long.sql": `select 1 as id\n${"-- a comment\n".repeat(20_000)}`,
      "target/compiled/a.sql": "select 1 as id\n",
    });
    await using worker = await startWorker({ projectDir: project.dir });
    const reason = async (file: string, text?: string) =>
      (await worker.lint(project.file(file), text)).skipped;
    expect(await reason("models/old.sql")).toContain("ignore");
    expect(await reason("models/old.sql", "SELECT 2 as ID\n")).toContain("ignore");
    expect(await reason("models/long.sql")).toContain("large_file_skip_byte_limit");
    expect(await reason("models/a.sql", "-- a comment\n".repeat(20_000))).toContain(
      "large_file_skip_byte_limit",
    );
    expect(await reason("target/compiled/a.sql")).toContain("target");
    expect(await reason("models/nowhere.sql")).toContain("does not exist");
    const result = await worker.request("lint", {});
    expect(result.linted.map((file) => path.relative(project.dir, file))).toContain("models/a.sql");
  });
});

describe("without any SQLFluff configuration", () => {
  test("the dialect is the target's and Jinja is dbt's", async () => {
    await using project = await dbtProject({
      "models/a.sql": "select 1 as id\n",
      "models/b.sql": "select * exclude (id) from {{ ref('a') }}\n",
    });
    await using worker = await startWorker({ projectDir: project.dir });
    const { issues } = await worker.lint(project.file("models/b.sql"));
    expect(issues.map((issue) => issue.ruleCode)).not.toContain("PRS");
  });
});
