import { DiagnosticSeverity } from "vscode-languageserver-protocol";
import type { LintIssue } from "../../protocol/lint.ts";
import type { Settings } from "../../protocol/settings.ts";

const shown = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
} as const;

/**
 * How an issue is shown under `floeDbt.lint.severity`; null where it is switched off. Patterns match the rule's code or
 * name, `*` and `?` stand for any text and any character, case does not matter, and the most specific pattern wins.
 */
export function severityOf(
  issue: Pick<LintIssue, "severity" | "ruleCode" | "ruleName">,
  patterns: Settings["lint.severity"],
): DiagnosticSeverity | null {
  const names = [issue.ruleCode, issue.ruleName].filter((name) => name !== undefined);
  let chosen: string = issue.severity;
  let best = -1;
  for (const [pattern, severity] of Object.entries(patterns)) {
    const specificity = specificityOf(pattern);
    if (specificity > best && names.some((name) => matches(pattern, name))) {
      best = specificity;
      chosen = severity;
    }
  }
  return chosen in shown ? shown[chosen as keyof typeof shown] : null;
}

/** A pattern without wildcards beats every one that has some; else the one that fixes more characters. */
function specificityOf(pattern: string): number {
  const literal = pattern.replace(/[*?]/g, "").length;
  return literal === pattern.length ? Number.MAX_SAFE_INTEGER : literal;
}

function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "i").test(name);
}
