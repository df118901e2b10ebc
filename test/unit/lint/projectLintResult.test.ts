import { expect, test } from "vitest";
import { type LintIssue, projectLintResult } from "../../../protocol/lint.ts";

const issue = (filePath: string, line: number, severity: LintIssue["severity"]): LintIssue => ({
  filePath,
  line,
  column: 1,
  severity,
  ruleCode: "LT01",
  message: "",
  source: "sqlfluff",
  fixable: false,
});

test("files come by name, issues of a file as the linter gave them, and only errors fail", () => {
  const result = projectLintResult(
    [issue("/p/b.sql", 2, "warning"), issue("/p/a.sql", 9, "info"), issue("/p/b.sql", 1, "warning")],
    { linted: ["/p/b.sql", "/p/a.sql"], skipped: [], fixed: ["/p/b.sql", "/p/a.sql"] },
  );
  expect(result.issues.map(({ filePath, line }) => `${filePath}:${line}`)).toEqual([
    "/p/a.sql:9",
    "/p/b.sql:2",
    "/p/b.sql:1",
  ]);
  expect(result.filesLinted).toEqual(["/p/a.sql", "/p/b.sql"]);
  expect(result.filesFixed).toEqual(["/p/a.sql", "/p/b.sql"]);
  expect(result).toMatchObject({ totalIssues: 3, errors: 0, warnings: 2, infos: 1, passed: true });
  expect(projectLintResult([issue("/p/a.sql", 1, "error")], { linted: [] }).passed).toBe(false);
});
