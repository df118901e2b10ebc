import type { Diagnostic, TextEdit } from "vscode-languageserver-protocol";
import type { TextDocument } from "vscode-languageserver-textdocument";
import * as z from "zod";
import type { LintIssue } from "../../protocol/lint.ts";
import type { Settings } from "../../protocol/settings.ts";
import { toPosition, toTextEdit, visibleRange } from "./positions.ts";
import { severityOf } from "./severity.ts";

/** What `Diagnostic.data` carries, so that a quick fix needs nothing but the diagnostic. */
const issueDataSchema = z.object({
  /** Version of the document the edits are made from; null for a file that was not open. */
  version: z.int().nullable(),
  rule: z.string(),
  ruleName: z.string().optional(),
  fixable: z.boolean(),
  edits: z.custom<TextEdit[]>((value) => Array.isArray(value)).optional(),
});
export type IssueData = z.infer<typeof issueDataSchema>;

export function issueDataOf(diagnostic: Diagnostic): IssueData | null {
  return issueDataSchema.safeParse(diagnostic.data).data ?? null;
}

export function messageOf({ message }: Diagnostic): string {
  return typeof message === "string" ? message : message.value;
}

/** The issues of one file as diagnostics of its text. Issues that are switched off are left out. */
export function toDiagnostics(
  issues: readonly LintIssue[],
  document: TextDocument,
  options: { severity: Settings["lint.severity"]; version: number | null },
): Diagnostic[] {
  return issues.flatMap((issue) => {
    const severity = severityOf(issue, options.severity);
    if (severity === null) return [];
    const start = toPosition(document, issue.line, issue.column);
    const end =
      issue.endLine !== undefined && issue.endColumn !== undefined
        ? toPosition(document, issue.endLine, issue.endColumn)
        : null;
    const data: IssueData = {
      version: options.version,
      rule: issue.ruleCode,
      ...(issue.ruleName !== undefined && { ruleName: issue.ruleName }),
      fixable: issue.fixable,
      ...(issue.edits && { edits: issue.edits.map((edit) => toTextEdit(document, edit)) }),
    };
    return {
      range: visibleRange(document, start, end),
      severity,
      source: issue.source,
      code: issue.ruleCode,
      ...(issue.docsUrl !== undefined && { codeDescription: { href: issue.docsUrl } }),
      message: issue.message,
      data,
    };
  });
}
