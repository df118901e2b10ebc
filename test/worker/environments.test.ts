import { expect, test } from "vitest";
import { dbtProject } from "../harness/dbtProject.ts";
import { startWorker } from "../harness/workerDriver.ts";
import { issuesOf, sqlfluffLint, sqlfluffOf } from "./commandLine.ts";
import { pythonEnvironment } from "./environments.ts";

const sqlfluffConfig = "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n";
const project = () =>
  dbtProject({
    ".sqlfluff": sqlfluffConfig,
    "models/a.sql": "select 1 as id\n",
    "models/b.sql": "SELECT id from {{ ref('a') }}\n",
  });

test("without dbt files are linted with the Jinja templater, and the reason says what to install", async () => {
  await using environment = await pythonEnvironment(/^(dbt|sqlfluff_templater)/);
  await using shop = await project();
  await using worker = await startWorker({ projectDir: shop.dir, python: environment.python });
  expect(worker.hello.problems.map(({ code }) => code)).toEqual([
    "dbt-missing",
    "sqlfluff-templater-missing",
  ]);
  const parsed = await worker.request("parse", {});
  expect(parsed).toMatchObject({ state: "degraded", reason: expect.stringContaining("dbt-core") as string });
  const { issues } = await worker.lint(shop.file("models/b.sql"));
  expect(issues.map((issue) => issue.ruleCode)).toEqual(["CP01"]);
});

test("without dbt, a configuration that names the Jinja templater gets exactly SQLFluff's answer", async () => {
  await using environment = await pythonEnvironment(/^(dbt|sqlfluff_templater)/);
  await using shop = await dbtProject({
    ".sqlfluff": "[sqlfluff]\ndialect = duckdb\ntemplater = jinja\n",
    "models/b.sql": "SELECT id from {{ unheard_of('a') }}\n",
  });
  await using worker = await startWorker({ projectDir: shop.dir, python: environment.python });
  expect(await worker.request("parse", {})).toMatchObject({ state: "ready" });
  const model = shop.file("models/b.sql");
  const answer = issuesOf(await worker.lint(model));
  expect(answer).toEqual((await sqlfluffLint(sqlfluffOf(environment.python), shop.dir)).get(model));
  expect(answer.map(([, , code]) => code)).toContain("TMP");
});

test("without an adapter it is the adapter that is asked for", async () => {
  await using environment = await pythonEnvironment(/^(dbt_duckdb|duckdb)/);
  await using shop = await project();
  await using worker = await startWorker({ projectDir: shop.dir, python: environment.python });
  expect(worker.hello.problems.map(({ code }) => code)).toEqual(["adapter-missing"]);
});

test("without SQLFluff dbt's own errors are told, all else of dbt works, and whoever asks for a lint hears what to install", async () => {
  await using environment = await pythonEnvironment(/^sqlfluff/);
  await using shop = await project();
  await using worker = await startWorker({ projectDir: shop.dir, python: environment.python });
  expect(worker.hello.problems.map(({ code }) => code)).toEqual(["sqlfluff-missing"]);
  expect(worker.hello.capabilities).not.toContain("lint");
  await expect(worker.request("lint", {})).rejects.toMatchObject({
    detail: { kind: "environment", message: expect.stringContaining("Install sqlfluff") as string },
  });
  expect(await worker.request("parse", {})).toMatchObject({ state: "ready", adapter: "duckdb" });
  const model = shop.file("models/b.sql");
  expect(await worker.lint(model)).toMatchObject({
    issues: [],
    skipped: expect.stringContaining("Install sqlfluff") as string,
  });
  expect((await worker.lint(model, "select 1\nfrom {{ ref('nix') }}\n")).issues).toMatchObject([
    { line: 2, ruleCode: "dbt", source: "dbt" },
  ]);
  const compiled = await worker.request("compile", { path: model, text: "select * from {{ ref('a') }}" });
  expect(compiled.sql).toContain('"a"');
  const manifest = await worker.request("manifest", { since: null });
  await shop.write("models/c.sql", "select * from {{ ref('b') }}\n");
  worker.notify("filesChanged", { paths: [shop.file("models/c.sql")] });
  expect(await worker.request("manifest", { since: manifest.token })).toMatchObject({
    changed: { nodes: { "model.shop.c": { name: "c" } } },
  });
});

test("a templater that does not fit its SQLFluff is named, with both versions and the one to install", async () => {
  await using environment = await pythonEnvironment(/^sqlfluff_templater_dbt-/, {
    "sqlfluff_templater_dbt-1.2.0.dist-info/METADATA":
      "Metadata-Version: 2.1\nName: sqlfluff-templater-dbt\nVersion: 1.2.0\n",
  });
  await using shop = await project();
  await using worker = await startWorker({ projectDir: shop.dir, python: environment.python });
  expect(worker.hello.problems.map(({ code }) => code)).toEqual(["sqlfluff-templater-mismatch"]);
  const installed = String(worker.hello.versions["sqlfluff"]);
  const parsed = await worker.request("parse", {});
  expect(parsed.state).toBe("degraded");
  expect(parsed.reason).toContain("1.2.0");
  expect(parsed.reason).toContain(`sqlfluff-templater-dbt==${installed}`);
  expect((await worker.lint(shop.file("models/b.sql"))).issues.map((one) => one.ruleCode)).toEqual(["CP01"]);
});

/** A rule of the user's own, which talks on every channel a library can talk on. */
const noisyPlugin = {
  "floe_noise-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: floe-noise\nVersion: 1.0\n",
  "floe_noise-1.0.dist-info/entry_points.txt": "[sqlfluff]\nfloe_noise = floe_noise\n",
  "floe_noise/__init__.py": `from sqlfluff.core.plugin import hookimpl

print("printed by the import of a plugin")

@hookimpl
def get_rules():
    from floe_noise.rules import Rule_Noise_NZ01
    return [Rule_Noise_NZ01]

@hookimpl
def load_default_config():
    return {}

@hookimpl
def get_configs_info():
    return {}
`,
  "floe_noise/rules.py": `import os
import subprocess
import sys

from sqlfluff.core.rules import BaseRule, LintResult
from sqlfluff.core.rules.crawlers import SegmentSeekerCrawler


class Rule_Noise_NZ01(BaseRule):
    """A select is reported."""

    groups = ("all", "noise")
    name = "noise.select"
    crawl_behaviour = SegmentSeekerCrawler({"select_statement"})

    def _eval(self, context):
        print("printed by a rule")
        sys.__stdout__.write("written past sys.stdout\\n")
        os.write(1, b'{"id": 1, "result": "raw bytes on descriptor 1"}\\n')
        subprocess.run([sys.executable, "-c", "print('printed by a process')"], check=True)
        return LintResult(anchor=context.segment, description="A select.")
`,
};

test("a rule of a plugin counts as on the command line, and whatever it prints becomes log lines", async () => {
  await using environment = await pythonEnvironment(null, noisyPlugin);
  await using shop = await project();
  const expected = await sqlfluffLint(sqlfluffOf(environment.python), shop.dir);
  expect([...expected.values()].flat().map((issue) => issue[2])).toContain("Noise_NZ01");
  await using worker = await startWorker({ projectDir: shop.dir, python: environment.python });
  for (const [file, issues] of expected) expect(issuesOf(await worker.lint(file))).toEqual(issues);
  for (const words of ["import of a plugin", "by a rule", "past sys.stdout", "raw bytes", "by a process"]) {
    await worker.event((event) => event.event === "log" && event.message.includes(words));
  }
});
