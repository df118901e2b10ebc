import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { testPython } from "../harness/environment.ts";
import { giveParsedAhead } from "../harness/parsedAhead.ts";
import { startWorker, type WorkerDriver } from "../harness/workerDriver.ts";
import { issuesOf, manySqlFluffs, sqlfluffLint } from "./commandLine.ts";
import { sharedWorker } from "./sharedWorker.ts";

interface Variant {
  files: Record<string, string>;
  /** A rule that has something to say. */
  sees: string;
}

/** Where the configuration stands and what it says; every one of them makes a difference to the issues. */
const variants: ({ name: string } & Variant)[] = [
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

describe("configurations, one after another in the worker that is told of each", () => {
  const shared = sharedWorker();
  let commandLine: ReturnType<typeof manySqlFluffs>;
  beforeAll(() => {
    commandLine = manySqlFluffs(testPython());
  });
  afterAll(() => commandLine[Symbol.asyncDispose]());

  async function compare(
    { files, sees }: Variant,
    { project, worker }: { project: TestProject; worker: WorkerDriver },
    workspaceDir: string,
  ): Promise<void> {
    await giveParsedAhead(testPython(), project.file("target"));
    const expected = await sqlfluffLint(commandLine.sqlfluff, workspaceDir);
    expect([...expected.values()].flat().map((issue) => issue[2])).toContain(sees);
    expect((await worker.request("parse", {})).state).toBe("ready");
    for (const file of Object.keys(files).filter((name) => name.endsWith(".sql"))) {
      const answer = await worker.lint(project.file(file));
      expect([file, issuesOf(answer)]).toEqual([file, expected.get(project.file(file)) ?? []]);
      const unsaved = await worker.lint(project.file(file), `${String(files[file])} `);
      expect(unsaved.skipped).toBe(answer.skipped);
    }
  }

  test.each(variants)("$name: the same answer as the command line", async (variant) => {
    const its = await shared.begin({ ".sqlfluff": null, ...variant.files });
    await compare(variant, its, its.project.dir);
  });

  test("a monorepo, configured above the project: the same answer as the command line", async () => {
    const files = {
      "../.sqlfluff":
        "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n[sqlfluff:templater:dbt]\nproject_dir = shop\nprofiles_dir = shop\n",
      "models/a.sql": "select 1 as id\n",
      "models/b.sql": "SELECT id from {{ ref('a') }}\n",
    };
    await using project = await dbtProject(files);
    const workspaceDir = path.resolve(project.dir, "..");
    await using worker = await startWorker({ projectDir: project.dir, workspaceDir });
    await compare({ files, sees: "CP01" }, { project, worker }, workspaceDir);
  });

  test("a Python model is no SQL, and its change makes dbt read the project again", async () => {
    const model = 'def model(dbt, session):\n    return session.sql("select 1 as id")\n';
    const { project, worker } = await shared.begin({
      "models/a.py": model,
      "models/b.sql": "select id from {{ ref('a') }}\n",
    });
    await worker.request("parse", {});
    expect((await worker.lint(project.file("models/a.py"))).skipped).toContain(".sql");
    await project.write("models/later.py", model);
    worker.notify("filesChanged", { paths: [project.file("models/later.py")] });
    await worker.request("parse", {});
    const text = "select id from {{ ref('later') }}\n";
    expect((await worker.lint(project.file("models/b.sql"), text)).issues).toEqual([]);
  });
});
