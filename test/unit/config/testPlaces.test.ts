import { expect, test } from "vitest";
import { testPlaces } from "../../../server/config/testPlaces.ts";

const text = `version: 2
sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - name: id
            data_tests: [unique, not_null]
models:
  - name: orders
    data_tests:
      - dbt_utils.unique_combination_of_columns:
          combination_of_columns: [id, day]
      - my_check
    columns:
      - name: id
        tests:
          - unique
          - not_null:
              config: {severity: warn}
      - name: id_kind
        data_tests:
          - not_null
          - accepted_values:
              values: [hot, cold]
          - accepted_values:
              name: kinds_of_winter
              values: [ice]
          - name: only_warm
            test_name: accepted_values
            values: [warm]
  - name: orders_by_day
    columns:
      - name: id
        data_tests:
          - unique
    versions:
      - v: 2
        columns:
          - name: total
            data_tests: [not_negative]
unit_tests:
  - name: sums_are_right
    model: orders
`;

const lineOf = (name: string): string | null => {
  const range = testPlaces("/x/schema.yml", text).rangeOf(name);
  return range === null ? null : (text.split("\n")[range.start.line] ?? "").trim();
};

test.each([
  ["source_unique_raw_orders_id", "data_tests: [unique, not_null]"],
  ["unique_orders_id", "- unique"],
  ["not_null_orders_id", "- not_null:"],
  ["not_null_orders_id_kind", "- not_null"],
  ["accepted_values_orders_id_kind__hot__cold", "- accepted_values:"],
  ["kinds_of_winter", "- accepted_values:"],
  ["only_warm", "- name: only_warm"],
  ["my_check_orders_", "- my_check"],
  ["my_check_orders", "- my_check"],
  ["dbt_utils_unique_combination_of_columns_orders_id__day", "- dbt_utils.unique_combination_of_columns:"],
  ["unique_orders_by_day_id", "- unique"],
  ["not_negative_orders_by_day_v2_total", "data_tests: [not_negative]"],
  ["sums_are_right", "- name: sums_are_right"],
  ["no_such_test", null],
])("%s", (name, line) => {
  expect(lineOf(name)).toBe(line);
});

test("names that begin alike are told apart by what they go on with", () => {
  const places = testPlaces("/x/schema.yml", text);
  expect(places.rangeOf("unique_orders_id")?.start.line).toBe(17);
  expect(places.rangeOf("unique_orders_by_day_id")?.start.line).toBe(35);
});

test.each([
  "",
  "models: 7",
  "models: [7, {name: a, columns: {}}]",
  "a: [",
  "- 1",
  "models:\n  - &a {name: a, data_tests: [*a]}",
])("what is no schema file has no tests: %j", (broken) => {
  expect(testPlaces("/x/schema.yml", broken).rangeOf("unique_a_id")).toBeNull();
});
