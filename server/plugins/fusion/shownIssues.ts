import type { LintIssue } from "../../../protocol/lint.ts";

/** How many of the engine's diagnostics are shown: a project that only dbt-core accepts has thousands. */
export const mostShown = 500;

/**
 * The issues a person is shown at once: those of the files that were asked for first, then errors. Of the rest is said, in
 * one issue, how many they are and where all of them can be seen.
 * @param dropped how many more the engine gave than were kept
 * @param place where what is about the whole project is said
 */
export function shownIssues(
  issues: readonly LintIssue[],
  asked: ReadonlySet<string>,
  dropped: number,
  place: Pick<LintIssue, "filePath" | "line" | "column">,
): LintIssue[] {
  if (issues.length <= mostShown) return [...issues];
  const rank = ({ filePath, severity }: LintIssue): number =>
    asked.has(filePath) ? 0 : severity === "error" ? 1 : 2;
  const ordered = issues.toSorted((a, b) => rank(a) - rank(b));
  const rest = ordered.slice(mostShown);
  return [
    ...ordered.slice(0, mostShown),
    {
      ...place,
      // As an error it stands among those it speaks of, in most projects above them.
      severity: rest.some(({ severity }) => severity === "error") ? "error" : "warning",
      ruleCode: "dbt",
      message: `The engine found ${rest.length + dropped} more errors and warnings than are shown here. Compare Environments groups them all by their code.`,
      source: "dbt",
      fixable: false,
    },
  ];
}
