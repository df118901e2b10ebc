import { expect, test } from "vitest";
import type { LintIssue } from "../../../protocol/lint.ts";
import { mostShown, shownIssues } from "../../../server/plugins/fusion/shownIssues.ts";

const issue = (filePath: string, severity: LintIssue["severity"] = "error"): LintIssue => ({
  filePath,
  line: 1,
  column: 1,
  severity,
  ruleCode: "dbt1501",
  message: "unknown",
  source: "dbt",
  fixable: false,
});
const place = { filePath: "/p/dbt_project.yml", line: 1, column: 1 };
const many = (count: number, severity?: LintIssue["severity"]) =>
  Array.from({ length: count }, (_, index) => issue(`/p/models/m${index}.sql`, severity));

test("a project with few issues shows them all", () => {
  expect(shownIssues(many(mostShown), new Set(), 0, place)).toHaveLength(mostShown);
});

test("of a thousand, those of the file that is open are shown, and the rest is counted", () => {
  const shown = shownIssues(many(1000), new Set(["/p/models/m999.sql"]), 7, place);
  expect(shown).toHaveLength(mostShown + 1);
  expect(shown[0]?.filePath).toBe("/p/models/m999.sql");
  expect(shown.at(-1)).toMatchObject({ ...place, severity: "error" });
  expect(shown.at(-1)?.message).toMatch(/^The engine found 507 more errors and warnings/);
});

test("warnings are left out before errors", () => {
  const shown = shownIssues([...many(600, "warning"), issue("/p/models/wrong.sql")], new Set(), 0, place);
  expect(shown[0]?.filePath).toBe("/p/models/wrong.sql");
  expect(shown.at(-1)).toMatchObject({ ...place, severity: "warning" });
});

test("where all are asked for, only those that were not kept are counted", () => {
  expect(shownIssues(many(1000), new Set(), 0, place, Infinity)).toHaveLength(1000);
  const shown = shownIssues(many(1000), new Set(), 7, place, Infinity);
  expect(shown).toHaveLength(1001);
  expect(shown.at(-1)?.message).toBe("The engine found 7 more errors and warnings than are shown here.");
});
