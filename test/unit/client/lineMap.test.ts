import { describe, expect, test } from "vitest";
import { lineMap } from "../../../client/views/compiled/lineMap.ts";

describe("which line is which", () => {
  const map = lineMap([-1, 2, 2, -1, 5, 0]);

  test("a compiled line without a partner is where the one above is", () => {
    expect([0, 1, 2, 3, 4, 5, 99].map(map.toSource)).toEqual([0, 2, 2, 2, 5, 0, 0]);
  });

  test("a source line that became several is the first of them; one that became none is where the one before is", () => {
    expect([0, 1, 2, 3, 4, 5, 99].map(map.toCompiled)).toEqual([5, 5, 1, 1, 1, 4, 4]);
    expect(lineMap([3]).toCompiled(0)).toBe(0);
  });

  test("nothing is at the beginning", () => {
    expect(lineMap([]).toSource(7)).toBe(0);
    expect(lineMap([]).toCompiled(7)).toBe(0);
  });
});
