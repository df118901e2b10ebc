import path from "node:path";
import { pathToFileURL } from "node:url";
import { toSnakeCaseKeys } from "../../protocol/json.ts";
import type { LintIssue, ProjectLintResult } from "../../protocol/lint.ts";
import { isInside } from "../platform/paths.ts";
import type { Terminal } from "./terminal.ts";
import { counted } from "../../protocol/counted.ts";

export const lintFormats = ["text", "json", "sarif", "github"] as const;
export type LintFormat = (typeof lintFormats)[number];

export interface ReportContext {
  /** A person sees paths relative to this folder, */
  baseDir: string;
  /** and a service relative to this one. */
  sourceDir: string;
  version: string;
  style: Terminal["style"];
}

/** @returns what goes to stdout, "" where there is nothing to print. */
export function lintReport(format: LintFormat, result: ProjectLintResult, context: ReportContext): string {
  switch (format) {
    case "text":
      return textReport(result, context);
    case "json":
      // ADR-0043's ProjectLintResult, in its own spelling.
      return JSON.stringify(toSnakeCaseKeys(result), null, 2);
    case "sarif":
      return JSON.stringify(sarifReport(result, context), null, 2);
    case "github":
      return githubReport(result, context);
  }
}

function textReport(result: ProjectLintResult, { baseDir, style }: ReportContext): string {
  const colour = { error: "red", warning: "yellow", info: "cyan" } as const;
  const lines: string[] = [];
  for (const [filePath, issues] of Map.groupBy(result.issues, (issue) => issue.filePath)) {
    const places = issues.map((issue) => `${issue.line}:${issue.column}`);
    const width = Math.max(...places.map((place) => place.length));
    lines.push(style("underline", relative(baseDir, filePath)));
    issues.forEach((issue, index) => {
      const severity = style(colour[issue.severity], issue.severity.padEnd(7));
      const code = style("bold", issue.ruleCode.padEnd(4));
      lines.push(`  ${(places[index] ?? "").padEnd(width)}  ${severity}  ${code}  ${issue.message}`);
    });
    lines.push("");
  }
  for (const { filePath, reason } of result.filesSkipped) {
    lines.push(style("dim", `skipped ${relative(baseDir, filePath)}: ${reason}`));
  }
  for (const filePath of result.filesFixed) lines.push(`fixed ${relative(baseDir, filePath)}`);
  lines.push(summary(result));
  return lines.join("\n");
}

function summary(result: ProjectLintResult): string {
  const files = counted(result.filesLinted.length, "file");
  if (result.totalIssues === 0) return `No issues in ${files}.`;
  const parts = [counted(result.errors, "error"), counted(result.warnings, "warning")];
  if (result.infos > 0) parts.push(`${result.infos} information`);
  const fixable = result.issues.filter((issue) => issue.fixable).length;
  const hint = fixable > 0 ? ` --fix mends up to ${fixable} of them.` : "";
  return `${counted(result.totalIssues, "issue")} (${parts.join(", ")}) in ${files}.${hint}`;
}

/** SARIF 2.1.0, as code scanning services read it. Columns are code points, which SARIF can say. */
function sarifReport(result: ProjectLintResult, { sourceDir, version }: ReportContext): unknown {
  const rules = [...new Map(result.issues.map((issue) => [issue.ruleCode, issue])).values()];
  const level = { error: "error", warning: "warning", info: "note" } as const;
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "floe-dbt",
            version,
            rules: rules.map((issue) => ({
              id: issue.ruleCode,
              ...(issue.ruleName ? { name: issue.ruleName } : {}),
              ...(issue.docsUrl ? { helpUri: issue.docsUrl } : {}),
            })),
          },
        },
        columnKind: "unicodeCodePoints",
        results: result.issues.map((issue) => ({
          ruleId: issue.ruleCode,
          ruleIndex: rules.findIndex((rule) => rule.ruleCode === issue.ruleCode),
          level: level[issue.severity],
          message: { text: issue.message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: isInside(issue.filePath, sourceDir)
                  ? { uri: uriPath(relative(sourceDir, issue.filePath)), uriBaseId: "%SRCROOT%" }
                  : { uri: pathToFileURL(issue.filePath).href },
                region: region(issue),
              },
            },
          ],
        })),
      },
    ],
  };
}

function region(issue: LintIssue): Record<string, number> {
  const start = { startLine: issue.line, startColumn: issue.column };
  return issue.endLine === undefined || issue.endColumn === undefined
    ? start
    : { ...start, endLine: issue.endLine, endColumn: issue.endColumn };
}

/** Workflow commands: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands */
function githubReport(result: ProjectLintResult, { sourceDir }: ReportContext): string {
  const command = { error: "error", warning: "warning", info: "notice" } as const;
  return result.issues
    .map((issue) => {
      const properties: Record<string, string> = {
        file: isInside(issue.filePath, sourceDir)
          ? relative(sourceDir, issue.filePath).replaceAll(path.sep, "/")
          : issue.filePath,
        line: String(issue.line),
        col: String(issue.column),
        title: issue.ruleName ? `${issue.ruleCode} ${issue.ruleName}` : issue.ruleCode,
      };
      if (issue.endLine !== undefined) properties["endLine"] = String(issue.endLine);
      // GitHub rejects an end column on another line.
      if (issue.endLine === issue.line && issue.endColumn !== undefined) {
        properties["endColumn"] = String(issue.endColumn);
      }
      const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
      return `::${command[issue.severity]} ${list.join(",")}::${escapeData(issue.message)}`;
    })
    .join("\n");
}

const escapeData = (text: string) =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string) => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

const relative = (baseDir: string, filePath: string) => path.relative(baseDir, filePath) || filePath;
const uriPath = (filePath: string) => filePath.split(path.sep).map(encodeURIComponent).join("/");
