import path from "node:path";
import { expect, test } from "vitest";
import { dbtProject } from "../harness/dbtProject.ts";
import { testPython } from "../harness/environment.ts";
import { startWorker } from "../harness/workerDriver.ts";
import { issuesOf, sqlfluffLint } from "./commandLine.ts";

/** Where the configuration stands and what it says; every one of them makes a difference to the issues. */
const variants: { name: string; files: Record<string, string>; sees: string; workingDir?: string }[] = [
  {
    name: "pyproject.toml",
    files: {
      "pyproject.toml":
        '[tool.sqlfluff.core]\ndialect = "duckdb"\ntemplater = "dbt"\n[tool.sqlfluff.rules.capitalisation.keywords]\ncapitalisation_policy = "upper"\n',
      "models/a.sql": "select 1 as id\n",
      "models/b.sql": "SELECT id FROM {{ ref('a') }}\n",
    },
    sees: "CP01",
  },
  {
    name: "setup.cfg",
    files: {
      "setup.cfg": "[metadata]\nname = shop\n\n[sqlfluff]\ndialect = duckdb\ntemplater = dbt\nrules = LT01\n",
      "models/a.sql": "SELECT  1 as ID\n",
    },
    sees: "LT01",
  },
  {
    name: "tox.ini",
    files: {
      "tox.ini": "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\nexclude_rules = LT01\n",
      "models/a.sql": "SELECT  1 as id\n",
    },
    sees: "CP01",
  },
  {
    name: "the Jinja templater, with macros of its own",
    files: {
      ".sqlfluff":
        "[sqlfluff]\ndialect = duckdb\ntemplater = jinja\n[sqlfluff:templater:jinja]\nload_macros_from_path = lint_macros\n[sqlfluff:templater:jinja:context]\ncolumn_name = id\n",
      "lint_macros/m.sql": "{% macro twice(name) %}{{ name }} +{{ name }}{% endmacro %}\n",
      "models/a.sql": "SELECT {{ twice(column_name) }} from {{ undefined_name }}\n",
    },
    sees: "TMP",
  },
  {
    name: "the raw templater",
    files: {
      ".sqlfluff": "[sqlfluff]\ndialect = duckdb\ntemplater = raw\n",
      "models/a.sql": "SELECT 1 as id\n",
      "models/b.sql": "SELECT id from {{ ref('a') }}\n",
    },
    sees: "PRS",
  },
  {
    name: "the placeholder templater",
    files: {
      ".sqlfluff":
        "[sqlfluff]\ndialect = duckdb\ntemplater = placeholder\n[sqlfluff:templater:placeholder]\nparam_style = dollar\nlimit_days = 3\n",
      "models/a.sql": "SELECT id from orders where days > ${limit_days} and  x = ${other}\n",
    },
    sees: "LT01",
  },
  {
    name: "another templater for one folder",
    files: {
      ".sqlfluff": "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n",
      "models/a.sql": "SELECT 1 as id\n",
      "models/jinja/.sqlfluff": "[sqlfluff]\ntemplater = jinja\n",
      "models/jinja/b.sql": "SELECT id from {{ ref('a') }}\n",
    },
    sees: "CP01",
  },
  {
    name: "a monorepo, configured above the project",
    files: {
      "../.sqlfluff":
        "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n[sqlfluff:templater:dbt]\nproject_dir = shop\nprofiles_dir = shop\n",
      "models/a.sql": "select 1 as id\n",
      "models/b.sql": "SELECT id from {{ ref('a') }}\n",
    },
    sees: "CP01",
    workingDir: "..",
  },
  {
    name: "a Python model beside the others",
    files: {
      ".sqlfluff": "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n",
      "models/a.py":
        'def model(dbt, session):\n    dbt.config(materialized="table")\n    return session.sql("select 1 as id")\n',
      "models/b.sql": "SELECT id from {{ ref('a') }}\n",
    },
    sees: "CP01",
  },
];

test.each(variants)(
  "$name: the same answer as the command line",
  async ({ files, sees, workingDir = "." }) => {
    await using project = await dbtProject(files);
    const workspaceDir = path.resolve(project.dir, workingDir);
    const expected = await sqlfluffLint(testPython(), workspaceDir);
    expect([...expected.values()].flat().map((issue) => issue[2])).toContain(sees);
    await using worker = await startWorker({ projectDir: project.dir, workspaceDir });
    expect((await worker.request("parse", {})).state).toBe("ready");
    for (const file of Object.keys(files).filter((name) => name.endsWith(".sql"))) {
      const answer = await worker.lint(project.file(file));
      expect([file, issuesOf(answer)]).toEqual([file, expected.get(project.file(file)) ?? []]);
      const unsaved = await worker.lint(project.file(file), `${String(files[file])} `);
      expect(unsaved.skipped).toBe(answer.skipped);
    }
  },
);

test("a Python model is no SQL, and its change makes dbt read the project again", async () => {
  const model = 'def model(dbt, session):\n    return session.sql("select 1 as id")\n';
  await using project = await dbtProject({
    ".sqlfluff": "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n",
    "models/a.py": model,
    "models/b.sql": "select id from {{ ref('a') }}\n",
  });
  await using worker = await startWorker({ projectDir: project.dir });
  await worker.request("parse", {});
  expect((await worker.lint(project.file("models/a.py"))).skipped).toContain(".sql");
  await project.write("models/later.py", model);
  worker.notify("filesChanged", { paths: [project.file("models/later.py")] });
  await worker.request("parse", {});
  const text = "select id from {{ ref('later') }}\n";
  expect((await worker.lint(project.file("models/b.sql"), text)).issues).toEqual([]);
});
