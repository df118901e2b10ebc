import type { FixProjectResult, LintSummary } from "../protocol/requests.ts";
import { counted } from "../protocol/counted.ts";

/** What a lint found, as one sentence. */
export function describeLint(summary: LintSummary): string {
  const found = [
    ...(summary.errors > 0 ? [counted(summary.errors, "error")] : []),
    ...(summary.warnings > 0 ? [counted(summary.warnings, "warning")] : []),
    ...(summary.infos > 0 ? [counted(summary.infos, "hint")] : []),
  ];
  const notes = [
    ...(summary.skipped > 0 ? [`${summary.skipped} skipped`] : []),
    ...(summary.failures.length > 0 ? [`${summary.failures.length} could not be linted`] : []),
  ];
  return [
    `${found.length > 0 ? found.join(", ") : "No issues"} in ${counted(summary.files, "file")}`,
    ...(notes.length > 0 ? [` (${notes.join(", ")})`] : []),
    ".",
  ].join("");
}

/** What the fixes of a project come to, as one sentence. */
export function describeFix(result: Pick<FixProjectResult, "files" | "refused">, applied: boolean): string {
  const refused =
    result.refused.length > 0
      ? ` ${counted(result.refused.length, "file")} left alone: the log says why.`
      : "";
  if (result.files === 0) return `Nothing to fix.${refused}`;
  return `${applied ? "Fixed" : "Nothing changed: the fixes were not accepted for"} ${counted(result.files, "file")}.${refused}`;
}
