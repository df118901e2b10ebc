import { describe, expect, test } from "vitest";
import { DiagnosticSeverity } from "vscode-languageserver-protocol";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { LintIssue } from "../../../protocol/lint.ts";
import { issueDataOf, toDiagnostics } from "../../../server/lint/diagnostics.ts";
import { severityOf } from "../../../server/lint/severity.ts";

const issue = (its: Partial<LintIssue>): LintIssue => ({
  filePath: "/a.sql",
  line: 1,
  column: 1,
  severity: "warning",
  ruleCode: "LT01",
  ruleName: "layout.spacing",
  message: "Expected only single space.",
  source: "sqlfluff",
  fixable: true,
  ...its,
});

/** The text an issue underlines. */
function underlined(text: string, its: Partial<LintIssue>): string {
  const document = TextDocument.create("file:///a.sql", "sql", 1, text);
  const [diagnostic] = toDiagnostics([issue(its)], document, { severity: {}, version: 1 });
  return document.getText(diagnostic!.range);
}

describe("ranges", () => {
  test.each<[string, string, Partial<LintIssue>, string]>([
    ["as the linter says", "select a", { column: 8, endLine: 1, endColumn: 9 }, "a"],
    ["after a byte order mark", "\ufeffselect a", { column: 8, endLine: 1, endColumn: 9 }, "a"],
    ["over lines", "a (\n b\n)", { column: 3, endLine: 3, endColumn: 2 }, "(\n b\n)"],
    ["after a pair of surrogates", "'😀' bad", { column: 5, endLine: 1, endColumn: 8 }, "bad"],
    ["after é made of two code points", "'e\u0301' bad", { column: 6, endLine: 1, endColumn: 9 }, "bad"],
    ["without an end: the word", "select column_a, b", { column: 8 }, "column_a"],
    ["without an end and no word: the rest", "select ()  ", { column: 8 }, "()"],
    ["at the end of a line: the character before", "select a\n", { column: 9 }, "a"],
    ["at the end of a line: the whole pair before", "😀\n", { column: 2 }, "😀"],
    ["on an empty line: its end", "a\n\nb", { line: 2 }, "\n"],
    ["at the very end: the last line's end", "a\n", { line: 2 }, "\n"],
    ["beyond the text", "a\n", { line: 99 }, "\n"],
    ["beyond the line, CRLF", "ab\r\nc", { column: 99 }, "b"],
    ["an end before the start", "select a", { column: 8, endLine: 1, endColumn: 3 }, "a"],
  ])("%s", (_what, text, its, expected) => {
    expect(underlined(text, its)).toBe(expected);
  });

  test("an empty file has nothing to underline, and is no mistake", () => {
    expect(underlined("", {})).toBe("");
  });
});

test("edits of an issue ride along, in UTF-16 and with the document's line ends", () => {
  const document = TextDocument.create("file:///a.sql", "sql", 7, "'😀'  a\r\nb");
  const edits = [{ line: 1, column: 4, endLine: 1, endColumn: 6, newText: "\n" }];
  const [diagnostic] = toDiagnostics([issue({ edits })], document, { severity: {}, version: 7 });
  const data = issueDataOf(diagnostic!);
  expect(data).toMatchObject({ version: 7, rule: "LT01", fixable: true });
  expect(TextDocument.applyEdits(document, data?.edits ?? [])).toBe("'😀'\r\na\r\nb");
});

describe("severity", () => {
  test.each<[string, Parameters<typeof severityOf>[1], DiagnosticSeverity | null]>([
    ["as the linter says", {}, DiagnosticSeverity.Warning],
    ["by code", { LT01: "error" }, DiagnosticSeverity.Error],
    ["by name", { "layout.spacing": "info" }, DiagnosticSeverity.Information],
    ["by pattern", { "LT*": "hint" }, DiagnosticSeverity.Hint],
    ["whatever the case", { "lt0?": "error" }, DiagnosticSeverity.Error],
    ["off", { "layout.*": "off" }, null],
    ["the longer pattern wins", { "layout.*": "error", "*": "off" }, DiagnosticSeverity.Error],
    [
      "the name in full wins over any pattern",
      { "layout.spacin*": "off", LT01: "hint" },
      DiagnosticSeverity.Hint,
    ],
    ["a pattern for others", { "CP*": "off", "LT01.": "off" }, DiagnosticSeverity.Warning],
  ])("%s", (_what, patterns, expected) => {
    expect(severityOf(issue({}), patterns)).toBe(expected);
  });
});
