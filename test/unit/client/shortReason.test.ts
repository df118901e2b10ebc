import { expect, test } from "vitest";
import { shortReason } from "../../../client/shortReason.ts";

test.each([
  [
    "Compilation Error in model huts (models/huts.sql)\n  unexpected '}', expected ')'\n    line 7\n      from {{ ref('x' }}",
    "unexpected '}', expected ')'",
  ],
  ["Compilation Error\n  Model 'a' depends on a node named 'b'", "Model 'a' depends on a node named 'b'"],
  ["'x' is undefined", "'x' is undefined"],
  ["Compilation Error in model huts (models/huts.sql)", "Compilation Error in model huts (models/huts.sql)"],
  ["a".repeat(200), `${"a".repeat(119)}…`],
  ["", ""],
])("%j", (message, reason) => {
  expect(shortReason(message)).toBe(reason);
});
