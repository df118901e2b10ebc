import { expect, test } from "vitest";
import { chosen } from "../../../server/cli/run.ts";
import { selectionOf } from "../../../server/runs/invoke.ts";

test("a selection of selectors.yml is named as each dbt knows it, on the command line, too", () => {
  const options = { select: ["selector:small"], fullRefresh: true };
  expect(selectionOf(chosen(["--threads=2"], options))).toEqual({
    fullRefresh: true,
    flags: ["--selector=small", "--threads=2"],
  });
  expect(selectionOf(chosen([], { select: ["a", "b+"], exclude: ["c"], vars: "{x: 1}" }))).toEqual({
    select: "a b+",
    exclude: "c",
    vars: "{x: 1}",
  });
});
