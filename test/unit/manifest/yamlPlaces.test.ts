import { describe, expect, test } from "vitest";
import { yamlPlaces } from "../../../server/manifest/yamlPlaces.ts";

const text = `version: 2

models:
  - name: orders
    data_tests:
      - dbt_utils.expression_is_true:
          expression: "a > b"
    columns:
      - name: id
        data_tests: [unique, not_null]
      - name: "status"
        tests:
          - accepted_values:
              name: status_is_known
              values: [a]
          - name: by_another_name
            test_name: not_null
    versions:
      - v: 2
        columns:
          - name: extra
sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - name: id
            data_tests: [unique]
unit_tests:
  - name: adds_up
    model: orders
exposures:
  - name: board
`;

function found(yaml: string): string[] {
  return yamlPlaces(yaml).map(
    ({ kind, name, owner, column, line, character, givenName }) =>
      `${line + 1}:${character + 1} ${kind} ${[owner, column, name].filter(Boolean).join("/")}${givenName === undefined ? "" : ` as ${givenName}`}`,
  );
}

describe("what a YAML file of dbt says, and where", () => {
  test("nodes, columns, tests, sources, unit tests and exposures", () => {
    expect(found(text)).toEqual([
      "4:11 node orders",
      "6:9 test orders/dbt_utils.expression_is_true",
      "9:15 column orders/id",
      "10:22 test orders/id/unique",
      "10:30 test orders/id/not_null",
      "11:15 column orders/status",
      "13:13 test orders/status/accepted_values as status_is_known",
      "17:24 test orders/status/not_null as by_another_name",
      "21:19 column orders/extra",
      "23:11 source raw",
      "25:15 table raw/orders",
      "27:19 column raw.orders/id",
      "28:26 test raw.orders/id/unique",
      "33:11 node board",
      "30:11 unit_test orders/adds_up",
    ]);
  });

  test("line ends of Windows and letters beyond ASCII move nothing", () => {
    expect(found(text.replaceAll("\n", "\r\n"))).toEqual(found(text));
    expect(found("models:\n  - description: ä😀\n    name: ähre\n")).toEqual(["3:11 node ähre"]);
  });

  test.each([
    "",
    "[]",
    "models: 7",
    "models: [1, {}, {name: }]",
    "models:\n  - name: a\n   bad: [",
    "a: &x [*x]",
    "\u0000",
    "{".repeat(20000),
  ])("%j is no reason to fail", (broken) => {
    expect(Array.isArray(yamlPlaces(broken))).toBe(true);
  });

  test("what still can be understood of a broken file is", () => {
    expect(found("models:\n  - name: a\n  - name: b\n    columns: [\n")).toContain("2:11 node a");
  });
});
