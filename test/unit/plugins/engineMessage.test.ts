import { describe, expect, test } from "vitest";
import { driverProblem } from "../../../server/plugins/fusion/driverProblem.ts";
import { pageOf, readEngineMessage, userPath } from "../../../server/plugins/fusion/engineMessage.ts";
import { whatItIs } from "../../../server/plugins/fusion/probeEngine.ts";

describe("what the engine says", () => {
  test("code, name, place and words are told apart, and the repeated place goes", () => {
    const said = readEngineMessage(
      "[error] [JinjaError (dbt1501)]: Failed to render SQL unknown function: Jinja macro or function `zzz` is unknown\n(in models/c.sql:1:8)\n  --> models/c.sql:1:8",
      "error",
    );
    expect(said).toEqual({
      severity: "error",
      code: "dbt1501",
      name: "JinjaError",
      message: "Failed to render SQL unknown function: Jinja macro or function `zzz` is unknown",
      file: "models/c.sql",
      line: 1,
      column: 8,
    });
  });

  test("a warning with a file only, and a message without anything", () => {
    expect(
      readEngineMessage(
        "[warning] [NoNodeForYamlKey (dbt1089)]: Unused entry\n  --> models/more.yml",
        "warn",
      ),
    ).toMatchObject({ severity: "warning", file: "models/more.yml", line: null, column: null });
    expect(readEngineMessage("something else", "warn")).toMatchObject({
      severity: "warning",
      code: "dbt",
      message: "something else",
      file: null,
    });
    expect(readEngineMessage("[error] [X (dbt1)]:", "error").message).not.toBe("");
  });

  test("no colour, no stack and no sqlstate of a driver reaches a person", () => {
    const loud =
      "\u001b[31m[error]\u001b[0m [Unexpected (dbt9002)]: it broke (sqlstate: [0, 0, 0, 0, 0], vendor_code: -2147483648)\nstack backtrace:\n   0: rust_begin_unwind\n   1: core::panicking::panic_fmt\nnote: run with `RUST_BACKTRACE=full`";
    expect(readEngineMessage(loud, "error").message).toBe("it broke");
  });

  test("a path is the user's, whichever folder it is relative to; one of a target folder is nobody's", () => {
    const where = {
      projectDir: "/home/me/shop",
      base: "/cache/live/project",
      targetDirs: ["/cache/live/target", "/home/me/shop/target"],
    };
    expect(userPath("models/a.sql", where)).toBe("/home/me/shop/models/a.sql");
    expect(userPath("../../../cache/live/project/models/a.yml", where)).toBe("/home/me/shop/models/a.yml");
    expect(userPath("/cache/live/project/models/a.yml", where)).toBe("/home/me/shop/models/a.yml");
    expect(userPath("dbt_packages/x/macros/m.sql", where)).toBe("/home/me/shop/dbt_packages/x/macros/m.sql");
    expect(userPath("../target/generic_tests/t.sql", where)).toBeNull();
    expect(userPath("run/shop/models/b.sql", where)).toBeNull();
    expect(userPath("target/compiled/x.sql", where)).toBeNull();
  });

  test("a message has the page it names, or that of its subject; another has none", () => {
    const named =
      "Deprecated test arguments at top-level: https://docs.getdbt.com/reference/deprecations#missingargumentspropertyingenerictestdeprecation.";
    expect(pageOf({ name: "Generic", message: named })).toBe(
      "https://docs.getdbt.com/reference/deprecations#missingargumentspropertyingenerictestdeprecation",
    );
    expect(pageOf({ name: "DependencyNotFound", message: "Ref 'x' not found" })).toMatch(/\/ref$/);
    expect(pageOf({ name: "DependencyNotFound", message: "Source 'x' not found" })).toMatch(/\/source$/);
    expect(pageOf({ name: "Unexpected", message: "https://evil.example/docs.getdbt.com/" })).toBeUndefined();
    expect(pageOf({ name: "constructor", message: "" })).toBeUndefined();
    expect(pageOf({ name: null, message: "x" })).toBeUndefined();
  });

  test("a driver that is missing and cannot be downloaded is recognised, with the remedy", () => {
    const said =
      "Failed to create schema 'main' in database 'shop' in remote for model.shop.c: Failed to load `duckdb` driver from name, then failed to load it from the CDN.\n\nFirst error:\nNotFound: Driver not found: duckdb\nSecond error:\nIO: HTTP error: io: failed to lookup address information";
    const problem = driverProblem(said);
    expect(problem?.message).toMatch(/duckdb .*could not be downloaded[\s\S]*ADBC_DRIVER_PATH/);
    expect(driverProblem("Catalog Error: Table with name x does not exist")).toBeNull();
  });

  test.each([
    ["dbt-core 2.0.0-alpha.4", { version: "2.0.0-alpha.4", distribution: "dbt-core" }],
    ["dbt-fusion 2.0.0-preview.76", { version: "2.0.0-preview.76", distribution: "dbt-fusion" }],
    ["dbt 2.1.0", { version: "2.1.0", distribution: "dbt" }],
  ])("%s is an engine", (said, facts) => {
    expect(whatItIs(said)).toEqual(facts);
  });

  test.each([
    [
      "Core:\n  - installed: 1.11.16\n  - latest:    1.11.16\n\nPlugins:\n  - duckdb: 1.11.1\n",
      "dbt-core 1.11.16",
    ],
    ["dbt Cloud CLI - 0.38.7 (abc)\n", "dbt Cloud CLI"],
    ["hello\n", "does not say"],
    ["dbt 1.4.0", "not the dbt v2 engine"],
  ])("%j is none", (said, why) => {
    expect(whatItIs(said)).toEqual({ failure: expect.stringContaining(why) as string });
  });
});
