import { expect, test } from "vitest";
import { shortReason, withoutPlace } from "../../../client/shortReason.ts";

test.each([
  [
    "Compilation Error in model huts (models/huts.sql)\n  unexpected '}', expected ')'\n    line 7\n      from {{ ref('x' }}",
    "unexpected '}', expected ')'",
  ],
  ["Compilation Error\n  Model 'a' depends on a node named 'b'", "depends on a node named 'b'"],
  ["Compilation Error in model huts (models/huts.sql) 'x' is undefined.", "'x' is undefined."],
  [
    "Compilation Error in model huts (models/huts.sql) Model 'model.shop.huts' (models/huts.sql) depends on a node named 'b'",
    "depends on a node named 'b'",
  ],
  ["Database Error in model huts (models/huts.sql)\n  Binder Error: no column", "Binder Error: no column"],
  ["'x' is undefined", "'x' is undefined"],
  ["Compilation Error in model huts (models/huts.sql)", "Compilation Error in model huts (models/huts.sql)"],
  ["a".repeat(200), `${"a".repeat(119)}…`],
  ["", ""],
])("%j", (message, reason) => {
  expect(shortReason(message)).toBe(reason);
});

test("a message is what went wrong, however many lines: where it did is seen", () => {
  const words = "Catalog Error: Table with name twice does not exist!\nLINE 3: from twice\n        ^";
  const indented = words.replace(/^/gm, "  ");
  expect(withoutPlace(`Runtime Error in test unique_twice (models/twice.yml)\r\n${indented}\n`)).toBe(words);
  expect(withoutPlace(words)).toBe(words);
  expect(withoutPlace("Runtime Error in test unique_twice")).toBe("Runtime Error in test unique_twice");
});
