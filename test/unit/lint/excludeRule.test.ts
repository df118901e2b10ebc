import { describe, expect, test } from "vitest";
import { excludeRule, withRuleInIni, withRuleInToml } from "../../../server/lint/excludeRule.ts";
import { dbtProject, type TestProject } from "../../harness/dbtProject.ts";

describe("withRuleInIni", () => {
  test.each([
    ["no list", "[sqlfluff]\ndialect = duckdb\n", "[sqlfluff]\nexclude_rules = LT01\ndialect = duckdb\n"],
    ["a list", "[sqlfluff]\nexclude_rules = CP01\n", "[sqlfluff]\nexclude_rules = CP01, LT01\n"],
    ["None", "[sqlfluff]\nexclude_rules = None\n", "[sqlfluff]\nexclude_rules = LT01\n"],
    [
      "an empty list",
      "[sqlfluff]\nexclude_rules =\ndialect = x\n",
      "[sqlfluff]\nexclude_rules =LT01\ndialect = x\n",
    ],
    [
      "lines",
      "[sqlfluff]\nexclude_rules =\n    CP01,\n    CP02\n[x]\n",
      "[sqlfluff]\nexclude_rules =\n    CP01,\n    CP02, LT01\n[x]\n",
    ],
    [
      "another section first",
      "[x]\nexclude_rules = A\n[sqlfluff]\n",
      "[x]\nexclude_rules = A\n[sqlfluff]\nexclude_rules = LT01\n",
    ],
    ["CRLF", "[sqlfluff]\r\ndialect = x\r\n", "[sqlfluff]\r\nexclude_rules = LT01\r\ndialect = x\r\n"],
    ["no line end", "[sqlfluff]", "[sqlfluff]\nexclude_rules = LT01\n"],
    ["there already", "[sqlfluff]\nexclude_rules = CP01,LT01\n", "[sqlfluff]\nexclude_rules = CP01,LT01\n"],
  ])("%s", (_what, text, expected) => {
    expect(withRuleInIni(text, "LT01")).toBe(expected);
  });
});

describe("withRuleInToml", () => {
  test.each([
    ["no list", "[tool.sqlfluff.core]\n", '[tool.sqlfluff.core]\nexclude_rules = "LT01"\n'],
    [
      "a string",
      '[tool.sqlfluff.core]\nexclude_rules = "CP01"\n',
      '[tool.sqlfluff.core]\nexclude_rules = "CP01, LT01"\n',
    ],
    [
      "an array",
      '[tool.sqlfluff.core]\nexclude_rules = ["CP01"]\n',
      '[tool.sqlfluff.core]\nexclude_rules = ["CP01", "LT01"]\n',
    ],
    [
      "an empty array",
      "[tool.sqlfluff.core]\nexclude_rules = []\n",
      '[tool.sqlfluff.core]\nexclude_rules = ["LT01"]\n',
    ],
  ])("%s", (_what, text, expected) => {
    expect(withRuleInToml(text, "LT01")).toBe(expected);
  });
});

describe("excludeRule", () => {
  const excluded = (project: TestProject, text?: Record<string, string>) =>
    excludeRule("LT01", project.file("models/staging/a.sql"), {
      projectDir: project.dir,
      topDir: project.dir,
      adapterType: "sqlserver",
      textOf: (filePath) => text?.[filePath],
    });

  test("the nearest file with a list is changed, since a nearer list would replace it", async () => {
    await using project = await dbtProject({
      ".sqlfluff": "[sqlfluff]\nexclude_rules = CP01\n",
      "models/.sqlfluff": "[sqlfluff]\ndialect = tsql\n",
    });
    expect(await excluded(project)).toMatchObject({
      filePath: project.file(".sqlfluff"),
      changed: "[sqlfluff]\nexclude_rules = CP01, LT01\n",
    });
  });

  test("without a list, the nearest file", async () => {
    await using project = await dbtProject({
      "tox.ini": "[tox]\n[sqlfluff]\n",
      "pyproject.toml": "[tool.black]\n",
    });
    expect(await excluded(project)).toMatchObject({ filePath: project.file("tox.ini") });
  });

  test("unsaved text counts", async () => {
    await using project = await dbtProject({ ".sqlfluff": "[sqlfluff]\n" });
    const text = "[sqlfluff]\n# unsaved\n";
    expect((await excluded(project, { [project.file(".sqlfluff")]: text }))?.current).toBe(text);
  });

  test("without any, a new file that names what was taken for granted", async () => {
    await using project = await dbtProject();
    expect(await excluded(project)).toEqual({
      filePath: project.file(".sqlfluff"),
      current: null,
      changed: "[sqlfluff]\ntemplater = dbt\ndialect = tsql\nexclude_rules = LT01\n",
    });
  });
});
