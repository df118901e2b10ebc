import { describe, expect, test } from "vitest";
import { compareSides, type Side, type SideDiagnostic } from "../../../server/compare/compareSides.ts";
import { comparisonMarkdown, comparisonText } from "../../../server/compare/comparisonReport.ts";
import { normalizeSql } from "../../../server/compare/normalizeSql.ts";

const project = { projectDir: "/shop", projectName: "shop", target: "dev" };

function side(
  runtime: "local" | "fusion",
  sql: Record<string, string | null>,
  more: Partial<Side> = {},
): Side {
  const nodes = new Map(
    Object.entries(sql).map(([name, text]) => [
      `model.shop.${name}`,
      {
        uniqueId: `model.shop.${name}`,
        name,
        resourceType: "model",
        filePath: `/shop/models/${name}.sql`,
        dependsOn: [],
        sql: text,
        relation: `"shop"."main"."${name}"`,
        naming: name,
        isIncremental: false,
        files: [`/shop/models/${name}.sql`],
      },
    ]),
  );
  const title = runtime === "local" ? "dbt-core 1.11" : "Fusion 2.0";
  return { runtime, title, dbtVersion: null, seconds: 1, failure: null, diagnostics: [], nodes, ...more };
}

const mistake = (code: string, line: number): SideDiagnostic => ({
  code,
  name: "UnusedConfigKey",
  severity: "error",
  message: "Ignored `x`",
  filePath: "/shop/models/a.yml",
  line,
});

describe("two environments side by side", () => {
  test("white space is no difference, what is in quotes is", () => {
    expect(normalizeSql("select  a ,b\nfrom ( x )\n;\n")).toBe(normalizeSql("select a, b from (x)"));
    expect(normalizeSql("select 'a  b'")).not.toBe(normalizeSql("select 'a b'"));
    expect(normalizeSql("select 'it''s  x', 1")).toBe("select 'it''s  x',1");
    expect(normalizeSql("select 'open")).toContain("open");
  });

  test("a model on ephemeral ones is the same, wrapped or joined", () => {
    const core = (own: string): string => `with  __dbt__cte__e as (\nselect 1\n)${own}`;
    const engine = (own: string): string =>
      `with __dbt__cte__e as (\nselect 1\n)\n--EPHEMERAL-SELECT-WRAPPER-START\nselect * from (\n${own}\n--EPHEMERAL-SELECT-WRAPPER-END\n)`;
    expect(normalizeSql(engine("with lines as (select 2)\nselect 3"))).toBe(
      normalizeSql(core(", lines as (select 2)\nselect 3")),
    );
    expect(normalizeSql(engine("select 3"))).toBe(normalizeSql(core(" select 3")));
  });

  test("the same is said in one sentence", () => {
    const comparison = compareSides(
      side("local", { a: "select 1" }),
      side("fusion", { a: "select  1\n" }),
      project,
    );
    expect(comparison).toMatchObject({ same: true, compared: 1 });
    expect(comparison.verdict).toBe("All 1 node compile to the same SQL in dbt-core 1.11 and Fusion 2.0.");
  });

  test("what differs is counted in the verdict, the errors by code first", () => {
    const diagnostics = [mistake("dbt1060", 3), mistake("dbt1060", 5), mistake("dbt1005", 9)];
    const comparison = compareSides(
      side("local", { a: "select 1", b: "select 2", c: "select 3" }),
      side("fusion", { a: "select 1", b: "select 22" }, { diagnostics }),
      project,
    );
    expect(comparison.verdict).toBe(
      "1 of 2 nodes compile to other SQL; 3 errors only in Fusion 2.0; 1 node only in dbt-core 1.11.",
    );
    expect(comparison.diagnostics.map(({ code, count }) => [code, count])).toEqual([
      ["dbt1060", 2],
      ["dbt1005", 1],
    ]);
    expect(comparison.different.map(({ name, right }) => [name, right])).toEqual([["b", "select 22"]]);
    expect(comparisonText(comparison)).toContain("models/a.yml:3: Ignored `x`");
    expect(comparisonMarkdown(comparison)).toContain("`` Ignored `x` ``");
  });

  test("an environment that compiles nothing is said once, and its nodes are not all missing", () => {
    const comparison = compareSides(
      side("local", { a: "select 1" }),
      side("fusion", {}, { failure: "Ignored `x`", diagnostics: [mistake("dbt1060", 3)] }),
      project,
    );
    expect(comparison).toMatchObject({ same: false, onlyLeft: [], verdict: "1 error blocks Fusion 2.0." });
  });

  test("an error at the same place in both is none of one alone", () => {
    const other = { ...mistake("dbt", 3), message: "in other words" };
    const comparison = compareSides(
      side("local", {}, { diagnostics: [other] }),
      side("fusion", {}, { diagnostics: [mistake("dbt1060", 3)] }),
      project,
    );
    expect(comparison.diagnostics).toEqual([]);
  });
});
