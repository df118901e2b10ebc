import { describe, expect, test } from "vitest";
import { testGroups, titleOf } from "../../../../client/testing/testGroups.ts";
import type { TestFacts } from "../../../../protocol/manifest.ts";

const fact = (name: string, facts: Partial<TestFacts> = {}): TestFacts => ({
  uniqueId: `test.huts.${name}`,
  name,
  kind: "generic",
  parentId: "model.huts.orders",
  parentName: "orders",
  parentType: "model",
  column: null,
  filePath: null,
  line: null,
  status: null,
  message: null,
  selector: name,
  ...facts,
});
const ofSource = { parentId: "source.huts.lake.a", parentName: "lake.a", parentType: "source" } as const;
const ofNone = { parentId: null, parentName: null, parentType: null };

describe("tests are listed", () => {
  test("under what they test, models before sources, those of several last", () => {
    const groups = testGroups([
      fact("alone", ofNone),
      fact("of_source", ofSource),
      fact("b"),
      fact("a"),
      fact("of_huts", { parentId: "model.huts.huts", parentName: "huts" }),
    ]);
    expect(groups.map(({ label, type, tests }) => [label, type, tests.map((t) => t.name)])).toEqual([
      ["huts", "model", ["of_huts"]],
      ["orders", "model", ["a", "b"]],
      ["lake.a", "source", ["of_source"]],
      ["Other tests", null, ["alone"]],
    ]);
  });

  test("and a run of them is named after them", () => {
    expect(titleOf([fact("a")], false)).toBe("a");
    expect(titleOf([fact("a"), fact("b")], false)).toBe("2 tests of orders");
    expect(titleOf([fact("a"), fact("b", ofSource)], false)).toBe("2 tests");
    expect(titleOf([fact("a")], true)).toBe("all tests");
  });
});
