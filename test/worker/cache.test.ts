import { execFile } from "node:child_process";
import { readFile, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { testPython } from "../harness/environment.ts";
import { giveParsedAhead } from "../harness/parsedAhead.ts";
import { sharedWorker } from "./sharedWorker.ts";

/** Fails to parse from the second render on: each one is a microsecond later than the one before. */
const clock = (now: string) =>
  `select 1 as id\n{% set now = ${now} %}{% if now | string < '9' %}-- {{ now }}{% endif %}\n`;

describe("what is kept of a lint", () => {
  const shared = sharedWorker();

  test.each([
    ["itself", {}, clock("modules.datetime.datetime.now()")],
    [
      "in a macro of a macro",
      {
        "macros/now.sql":
          "{% macro default__now() %}{{ return(modules.datetime.datetime.now()) }}{% endmacro %}\n{% macro now() %}{{ return(adapter.dispatch('now')()) }}{% endmacro %}\n{% macro later() %}{{ return(now()) }}{% endmacro %}\n",
      },
      clock("later()"),
    ],
  ])("a text that reads the clock %s is rendered anew each time", async (_, macros, text) => {
    const { project, worker } = await shared.begin({ "models/a.sql": text, ...macros });
    const kept = path.join(shared.privateDir, "lint");
    for (const name of await readdir(kept).catch(() => [])) await rm(path.join(kept, name));
    const stored = async () => {
      await worker.lint(project.file("models/a.sql"));
      const [name] = await readdir(kept);
      return await readFile(path.join(kept, String(name)), "utf8");
    };
    expect(await stored()).not.toBe(await stored());
  });

  test("a text that does not is not: not even its key changes", async () => {
    const { project, worker } = await shared.begin({
      "macros/now.sql": "{% macro now() %}{{ return(modules.datetime.datetime.now()) }}{% endmacro %}\n",
      "models/a.sql": "select '{{ local_md5('now') }}' as id -- now\n",
    });
    const first = await worker.lint(project.file("models/a.sql"));
    expect(await worker.lint(project.file("models/a.sql"))).toEqual(first);
  });

  test("macros for SQLFluff's Jinja templater count at once, and its settings are part of what is kept", async () => {
    const config = (name: string) =>
      `[sqlfluff]\ndialect = duckdb\ntemplater = jinja\n[sqlfluff:templater:jinja]\nload_macros_from_path = lint_macros\n[sqlfluff:templater:jinja:context]\nname = ${name}\n`;
    const { project, worker } = await shared.begin({
      ".sqlfluff": config("one"),
      "lint_macros/m.sql": "{% macro key() %}select{% endmacro %}\n",
      "models/a.sql": "{{ key() }} 1 as {{ name }}\n",
    });
    const file = project.file("models/a.sql");
    const codes = async () => (await worker.lint(file)).issues.map((issue) => issue.ruleCode);
    expect(await codes()).not.toContain("PRS");
    await project.write("lint_macros/m.sql", "{% macro key() %}selekt{% endmacro %}\n");
    expect(await codes()).toContain("PRS");
    await project.write("lint_macros/m.sql", "{% macro key() %}select{% endmacro %}\n");
    expect(await codes()).not.toContain("PRS");
    await project.write(".sqlfluff", config("one from from"));
    expect(await codes()).toContain("PRS");
  });

  test("a render that looks for its table is kept until the database changes", async () => {
    const { project, worker } = await shared.begin({
      ".sqlfluff": "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\nrules = CP01\n",
      "models/grown.sql":
        "{{ config(materialized='incremental') }}\nselect 1 as id\n{% if is_incremental() %}\nWHERE true\n{% endif %}\n",
    });
    const model = project.file("models/grown.sql");
    await worker.request("parse", {});
    const codes = async () => (await worker.lint(model)).issues.map((issue) => issue.ruleCode);
    expect(await codes()).toEqual([]);
    expect(await codes()).toEqual([]);
    // No table yet, so the branch is not rendered; a run in a terminal makes one.
    await giveParsedAhead(testPython(), project.file("target"));
    await promisify(execFile)(
      testPython(),
      ["-c", "from dbt.cli.main import cli; cli()", "run", "--profiles-dir", project.dir],
      { cwd: project.dir },
    );
    expect(await codes()).toEqual(["CP01"]);
    expect(await codes()).toEqual(["CP01"]);
  });
});
