import { describe, expect, test } from "vitest";
import {
  adapterPackage,
  environmentProblems,
  fitsVersion,
} from "../../../server/plugins/local/environmentProblems.ts";

const healthy = {
  python: "3.11.7",
  "dbt-core": "1.11.16",
  "dbt-duckdb": "1.11.1",
  sqlfluff: "4.4.0",
  "sqlfluff-templater-dbt": "4.4.0",
};
type Versions = Record<string, string>;

const having = (versions: Versions) => ({
  searched: [],
  facts: { python: "/x/.venv/bin/python", versions },
  place: "3. /x/.venv",
});
const without = (...names: string[]): Versions =>
  Object.fromEntries(Object.entries(healthy).filter(([name]) => !names.includes(name)));
const codes = (versions: Versions, adapter: string | null = "duckdb") =>
  environmentProblems(having(versions), adapter).map((problem) => problem.code);

describe("problems of an environment", () => {
  test("a healthy one has none", () => {
    expect(codes(healthy)).toEqual([]);
  });

  test.each([
    [without("dbt-core"), "duckdb", ["noDbt"]],
    [without("sqlfluff", "sqlfluff-templater-dbt"), "duckdb", ["noSqlfluff"]],
    [without("sqlfluff-templater-dbt"), "duckdb", ["noTemplater"]],
    [{ ...healthy, "sqlfluff-templater-dbt": "1.2.0" }, "duckdb", ["mismatchedTemplater"]],
    [healthy, "postgres", ["noAdapter"]],
    [{ ...healthy, "dbt-athena-community": "1.9.0" }, "athena", []],
    [healthy, null, []],
    [{ ...healthy, "dbt-core": "1.7.19" }, "duckdb", ["oldDbt"]],
    [{ ...healthy, "dbt-core": "1.10.0" }, "duckdb", []],
    [{ ...healthy, "dbt-core": "2.0.0a4" }, "duckdb", ["dbt2"]],
    [{ ...healthy, python: "3.8.18" }, "duckdb", ["oldPython"]],
  ])("%j for %s is %j", (versions, adapter, expected) => {
    expect(codes(versions, adapter)).toEqual(expected);
  });

  test("the pair that does not fit is told with both versions and one remedy", () => {
    const versions = { ...healthy, sqlfluff: "4.5.0", "sqlfluff-templater-dbt": "1.2.0" };
    expect(environmentProblems(having(versions), "duckdb")).toMatchObject([
      {
        message: expect.stringContaining(
          "sqlfluff 4.5.0 and sqlfluff-templater-dbt 1.2.0 do not fit",
        ) as string,
        remedy: { command: "floeDbt.setUpEnvironment" },
      },
    ]);
  });

  test("no Python at all, and an explicit one that is wrong", () => {
    const nothing = { searched: [], facts: null, place: null };
    expect(environmentProblems(nothing, null)).toMatchObject([{ code: "noPython", stopsLinting: true }]);
    const why = { place: "setting floeDbt.python.path", python: "/no/python", why: "does not exist" };
    expect(environmentProblems({ ...nothing, explicitFailure: why }, null)).toMatchObject([
      {
        message: "The Python of setting floeDbt.python.path, /no/python, does not exist.",
        remedy: { command: "floeDbt.openSettings", arguments: ["floeDbt.python.path"] },
      },
    ]);
  });

  test("versions that manifest.yaml asks for are a warning where they differ", () => {
    const problems = environmentProblems(having(healthy), "duckdb", {
      dbtVersion: "1.9",
      pythonVersion: "3.11",
    });
    expect(problems).toMatchObject([{ code: "wantedVersion", severity: "warning" }]);
  });
});

test.each([
  ["postgres", "dbt-postgres"],
  ["Snowflake", "dbt-snowflake"],
  ["no_such_warehouse", "dbt-no-such-warehouse"],
])("a profile of type %s needs %s", (type, name) => {
  expect(adapterPackage(type)).toBe(name);
});

test.each([
  ["1.11.16", "1.11", true],
  ["1.11.16", "1.1", false],
  ["1.11.16", ">=1.8,<2", true],
  ["2.0.0", ">=1.8,<2", false],
  ["1.11.16", "~=1.11.0", true],
  ["1.12.0", "~=1.11.0", false],
  ["1.11.16", "==1.11.*", true],
  ["1.11.16", "!=1.11.16", false],
  ["1.11.16", "latest", true],
])("version %s, wanted %s: %s", (version, wanted, fits) => {
  expect(fitsVersion(version, wanted)).toBe(fits);
});
