import type { LintIssue } from "../../../protocol/lint.ts";

/** How many of the engine's diagnostics are shown: a project that only dbt-core accepts has thousands. */
export const mostShown = 500;

/**
 * The issues a person is shown at once: those of the files that were asked for first, then errors. Of the rest is said, in
 * one issue, how many they are and where all of them can be seen.
 * @param dropped how many more the engine gave than were kept
 * @param place where what is about the whole project is said
 * @param most how many; Infinity for all
 */
export function shownIssues(
  issues: readonly LintIssue[],
  asked: ReadonlySet<string>,
  dropped: number,
  place: Pick<LintIssue, "filePath" | "line" | "column">,
  most: number = mostShown,
): LintIssue[] {
  if (issues.length <= most && dropped === 0) return [...issues];
  const rank = ({ filePath, severity }: LintIssue): number =>
    asked.has(filePath) ? 0 : severity === "error" ? 1 : 2;
  const ordered = issues.toSorted((a, b) => rank(a) - rank(b));
  const rest = ordered.slice(most);
  const others = dropped === 0 ? " Compare Environments groups them all by their code." : "";
  return [
    ...ordered.slice(0, most),
    {
      ...place,
      // As an error it stands among those it speaks of, in most projects above them.
      severity: rest.some(({ severity }) => severity === "error") ? "error" : "warning",
      ruleCode: "dbt",
      message: `The engine found ${rest.length + dropped} more errors and warnings than are shown here.${others}`,
      source: "dbt",
      fixable: false,
    },
  ];
}
