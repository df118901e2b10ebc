import * as z from "zod";

/**
 * What a linter says of a project: ADR-0043's `LintSeverity`, `LintIssue` and `ProjectLintResult`, and what ours adds.
 *
 * Positions are 1-based lines and 1-based columns that count Unicode code points, as SQLFluff prints them. Only
 * server/lint turns them into the UTF-16 positions of the Language Server Protocol, with the text at hand.
 */

export const lintSeverities = ["error", "warning", "info"] as const;
export type LintSeverity = (typeof lintSeverities)[number];

/** A replacement of `[line:column, endLine:endColumn)` by `newText`. An empty range is an insertion. */
export const lintEditSchema = z.object({
  line: z.int().min(1),
  column: z.int().min(1),
  endLine: z.int().min(1),
  endColumn: z.int().min(1),
  newText: z.string(),
});
export type LintEdit = z.infer<typeof lintEditSchema>;

export const lintIssueSchema = z.object({
  /** Absolute path. */
  filePath: z.string(),
  line: z.int().min(1),
  column: z.int().min(1),
  /** End of the range, exclusive. Absent where the linter names only a place. */
  endLine: z.int().min(1).optional(),
  endColumn: z.int().min(1).optional(),
  severity: z.enum(lintSeverities),
  /** "LT01", "PRS", "TMP", or a dbt code. */
  ruleCode: z.string(),
  /** The rule's readable name, such as "layout.spacing". */
  ruleName: z.string().optional(),
  message: z.string(),
  /** Page that explains the code. */
  docsUrl: z.string().optional(),
  /** Who says so: "sqlfluff" or "dbt". */
  source: z.string(),
  /** Whether the linter can mend it; `edits` are there only where the mend is local and safe on its own. */
  fixable: z.boolean(),
  edits: z.array(lintEditSchema).optional(),
});
export type LintIssue = z.infer<typeof lintIssueSchema>;

/** A file that was asked for and not linted, and why, in words a person would use. */
export const skippedFileSchema = z.object({
  filePath: z.string(),
  reason: z.string(),
  /** It was linted and could be mended, and what came of it could not be written. */
  unwritten: z.boolean().optional(),
});
export type SkippedFile = z.infer<typeof skippedFileSchema>;

export interface ProjectLintResult {
  totalIssues: number;
  errors: number;
  warnings: number;
  infos: number;
  issues: LintIssue[];
  /** True if no errors (warnings allowed). */
  passed: boolean;
  /** Every file that was linted, absolute paths, also the clean ones. */
  filesLinted: string[];
  filesSkipped: SkippedFile[];
  /** Files rewritten on disk, with `fix`. */
  filesFixed: string[];
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The result of a lint, in the order of the files' names whichever of them was done first. */
export function projectLintResult(
  issues: LintIssue[],
  files: { linted: string[]; skipped?: SkippedFile[]; fixed?: string[] },
): ProjectLintResult {
  const count = (severity: LintSeverity) => issues.filter((issue) => issue.severity === severity).length;
  const errors = count("error");
  return {
    totalIssues: issues.length,
    errors,
    warnings: count("warning"),
    infos: count("info"),
    issues: issues.toSorted((a, b) => byName(a.filePath, b.filePath)),
    passed: errors === 0,
    filesLinted: files.linted.toSorted(byName),
    filesSkipped: (files.skipped ?? []).toSorted((a, b) => byName(a.filePath, b.filePath)),
    filesFixed: (files.fixed ?? []).toSorted(byName),
  };
}
