import { describe, expect, test } from "vitest";
import { withRuntime } from "../../../server/config/writeRuntime.ts";

const after = (before: string | null): string => {
  const written = withRuntime(before, "fusion");
  if ("refused" in written) throw new Error(written.refused);
  return written.text;
};

describe("writing the choice of a runtime", () => {
  test("only the value changes: comments, quotes of others, order and line ends stay", () => {
    const before =
      "# platform\r\nplugins:\r\n  compute: { type: duckdb } # ours\r\n  dbt_runtime: local   # for now\r\nname: x\r\n";
    expect(after(before)).toBe(before.replace("dbt_runtime: local ", "dbt_runtime: fusion "));
  });

  test.each([
    [null, "plugins:\n  dbt_runtime: fusion\n"],
    ["", "plugins:\n  dbt_runtime: fusion\n"],
    ["# only a comment\n", "# only a comment\nplugins:\n  dbt_runtime: fusion\n"],
    ["name: x", "name: x\nplugins:\n  dbt_runtime: fusion\n"],
    ["plugins:\nname: x\n", "plugins:\n  dbt_runtime: fusion\nname: x\n"],
    ["plugins: # none yet\n", "plugins: # none yet\n  dbt_runtime: fusion\n"],
    ["plugins:\n    a: 1\n", "plugins:\n    dbt_runtime: fusion\n    a: 1\n"],
    ["plugins: { a: 1 }\n", "plugins: {dbt_runtime: fusion,  a: 1 }\n"],
    ["plugins:\n  dbt_runtime:\n", "plugins:\n  dbt_runtime: fusion\n"],
    ['plugins:\n  dbt_runtime: "local"\n', "plugins:\n  dbt_runtime: fusion\n"],
    ["plugins:\n  dbt: { type: core }\n", "plugins:\n  dbt: { type: fusion }\n"],
  ])("%j", (before, text) => {
    expect(after(before)).toBe(text);
  });

  test.each([
    ["plugins: [\n", /not valid YAML/],
    ["- a\n", /not a mapping/],
    ["plugins: 3\n", /not a mapping/],
    ["plugins:\n  dbt:\n    type: core\n    config:\n      python: x\n", /dbt_runtime_config/],
    ["plugins:\n  dbt_runtime: local\n  dbt:\n    type: local\n", /two places/],
  ])("refuses %j in words", (before, why) => {
    expect(withRuntime(before, "fusion")).toEqual({ refused: expect.stringMatching(why) as string });
  });
});
