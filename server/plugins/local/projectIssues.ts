import path from "node:path";
import { projectLintResult, type LintIssue, type ProjectLintResult } from "../../../protocol/lint.ts";
import { mistakesDbtStumblesOver, type ConfigProblem } from "../../config/configProblem.ts";
import type { Shortcoming } from "./workerSupervisor.ts";

/**
 * A project that dbt cannot read has something to mend, whatever the linter finds in its files: what we know of its
 * configuration, else dbt's own words, as errors at their places.
 */
export function projectIssues(
  projectDir: string,
  shortcoming: Shortcoming,
  problems: readonly ConfigProblem[],
): LintIssue[] {
  const issue = (filePath: string, line: number, column: number, message: string): LintIssue => ({
    filePath,
    line,
    column,
    severity: "error",
    ruleCode: "dbt",
    message,
    source: "dbt",
    fixable: false,
  });
  const mistakes = mistakesDbtStumblesOver(problems);
  if (mistakes.length > 0) {
    return mistakes.map(({ filePath, range: { start }, message }) =>
      issue(filePath, start.line + 1, start.character + 1, message),
    );
  }
  const { filePath, line } = shortcoming.place ?? { filePath: path.join(projectDir, "dbt_project.yml") };
  return [issue(filePath, line ?? 1, 1, shortcoming.reason)];
}

/** The same result with issues of the project before those of its files. */
export function withIssues(result: ProjectLintResult, issues: readonly LintIssue[]): ProjectLintResult {
  return projectLintResult([...issues, ...result.issues], {
    linted: result.filesLinted,
    skipped: result.filesSkipped,
    fixed: result.filesFixed,
  });
}
