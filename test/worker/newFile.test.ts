import { afterAll, beforeAll, expect, test } from "vitest";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { testPython } from "../harness/environment.ts";
import { startWorker, type WorkerDriver } from "../harness/workerDriver.ts";
import { issuesOf, sqlfluffLint, sqlfluffOf } from "./commandLine.ts";

let project: TestProject;
let worker: WorkerDriver;
const codes = async (file: string, text: string) => {
  const { issues, skipped } = await worker.lint(project.file(file), text);
  return skipped ?? issues.map((issue) => issue.ruleCode);
};

beforeAll(async () => {
  project = await dbtProject({
    ".sqlfluff": "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n",
    "dbt_project.yml":
      'name: shop\nversion: "1.0"\nprofile: shop\nmodels:\n  shop:\n    staging:\n      +alias: from_the_project\n    unused:\n      +enabled: false\n',
    "macros/m.sql": "{% macro cents(column) %}({{ column }} / 100){% endmacro %}\n",
    "models/a.sql": "select 1 as id\n",
  });
  worker = await startWorker({ projectDir: project.dir });
  expect((await worker.request("parse", {})).state).toBe("ready");
});
afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

test("a model that was never saved is linted with dbt's own context", async () => {
  expect(await codes("models/new.sql", "select {{ cents('id') }} as id from {{ ref('a') }}\n")).toEqual([]);
  expect(await codes("models/new.sql", "SELECT {{ cents('id') }} as id from {{ ref('a') }}\n")).toContain(
    "CP01",
  );
  const itself =
    "{{ config(materialized='incremental') }}\nselect 1 as id\n{% if this.name != 'new' %}from from{% endif %}\n";
  expect(await codes("models/new.sql", itself)).toEqual([]);
  const alias = "select 1 as id\n{% if this.name != 'from_the_project' %}from from{% endif %}\n";
  expect(await codes("models/staging/new.sql", alias)).toEqual([]);
});

test("so are an analysis, a test and a snapshot", async () => {
  expect(await codes("analyses/new.sql", "SELECT id from {{ ref('a') }}\n")).toContain("CP01");
  expect(await codes("tests/new.sql", "SELECT id from {{ ref('a') }}\n")).toContain("CP01");
  const snapshot =
    "{% snapshot history %}\n{{ config(unique_key='id', strategy='check', check_cols='all', target_schema='s') }}\nSELECT id from {{ ref('a') }}\n{% endsnapshot %}\n";
  expect(await codes("snapshots/new.sql", snapshot)).toContain("CP01");
});

test("its mistakes are where they stand", async () => {
  const { issues } = await worker.lint(
    project.file("models/new.sql"),
    "select id\nfrom {{ ref('nowhere') }}\n",
  );
  expect(issues).toMatchObject([{ line: 2, column: 9, source: "dbt", severity: "error" }]);
  const broken = await worker.lint(project.file("models/new.sql"), "select id\nfrom {{ ref('a' }}\n");
  expect(broken.issues).toMatchObject([{ line: 2, source: "dbt", severity: "error" }]);
  const config = await worker.lint(
    project.file("models/new.sql"),
    "{{ config(enabled=) }}\nselect 1 as id\n",
  );
  expect(config.issues).toMatchObject([{ line: 1, source: "dbt" }]);
});

test("what dbt would not take is skipped as SQLFluff would skip it", async () => {
  expect(await codes("models/new.sql", "{{ config(enabled=false) }}\nselect 1 as ID\n")).toBe(
    "it is disabled",
  );
  expect(await codes("models/unused/new.sql", "select 1 as ID\n")).toBe("it is disabled");
  expect(await codes("scripts/new.sql", "select 1 as ID\n")).toContain("not found in dbt project");
  expect(await codes("macros/m.sql", "{% macro cents(column) %}{% endmacro %}\n")).toBe("it is a macro");
});

test("nothing of it stays: no other model can refer to it before it is saved", async () => {
  await codes("models/new.sql", "select 1 as id\n");
  expect(await codes("models/a.sql", "select id from {{ ref('new') }}\n")).toEqual(["dbt"]);
});

test("saved, it is linted at once, and another new one can refer to it", async () => {
  const first = await project.write("models/first.sql", "SELECT id from {{ ref('a') }}\n");
  const second = await project.write("models/second.sql", "select id from {{ ref('first') }}\n");
  worker.notify("filesChanged", { paths: [first, second] });
  expect((await worker.lint(second)).issues).toEqual([]);
  expect(issuesOf(await worker.lint(first))).toEqual(
    (await sqlfluffLint(sqlfluffOf(testPython()), project.dir)).get(first),
  );
});
