import {
  projectLintResult,
  type LintIssue,
  type ProjectLintResult,
  type SkippedFile,
} from "../../../protocol/lint.ts";
import type { WorkerEvent, WorkerIssue } from "../../../protocol/worker.ts";
import type { Call, LintRequest } from "../dbtPlugin.ts";
import { type NotWritten, writeFixedText } from "./writeFixedText.ts";
import type { WorkerSupervisor } from "./workerSupervisor.ts";

/**
 * Lints through the worker. With `fix`, every file that has something fixable is mended and written, and linted again;
 * a file with unsaved text is left alone and said to be skipped.
 * @param clean takes secrets out of a message
 * @throws DbtError
 */
export async function lintWithSqlfluff(
  worker: WorkerSupervisor,
  request: LintRequest,
  call: Call,
  clean: (text: string) => string,
): Promise<ProjectLintResult> {
  const first = await lintOnce(worker, request, call, clean);
  if (!request.fix) return result(first, []);

  const fixed: string[] = [];
  for (const [filePath, issues] of first.issues) {
    if (!issues.some((issue) => issue.fixable)) continue;
    const failure = request.texts?.has(filePath)
      ? { reason: "it has unsaved changes" }
      : await fixFile(worker, filePath, call);
    if (failure === null) fixed.push(filePath);
    else first.skipped.push({ ...failure, filePath, reason: `not fixed: ${failure.reason}` });
  }
  if (fixed.length === 0) return result(first, []);
  worker.filesChanged(fixed);
  const second = await lintOnce(worker, { ...request, paths: fixed }, call, clean);
  for (const [filePath, issues] of second.issues) first.issues.set(filePath, issues);
  return result(first, fixed);
}

interface Linted {
  issues: Map<string, LintIssue[]>;
  linted: string[];
  skipped: SkippedFile[];
}

const result = (linted: Linted, fixed: string[]): ProjectLintResult =>
  projectLintResult([...linted.issues.values()].flat(), { ...linted, fixed });

async function lintOnce(
  worker: WorkerSupervisor,
  request: LintRequest,
  call: Call,
  clean: (text: string) => string,
): Promise<Linted> {
  const issues = new Map<string, LintIssue[]>();
  const onEvent = (event: WorkerEvent): void => {
    if (event.event === "wave") {
      call.onEvent?.({
        type: "lintWave",
        filePath: event.filePath,
        issues: toIssues(event.filePath, event.issues, clean),
      });
    } else if (event.event === "file") {
      const ofFile = toIssues(event.filePath, event.issues, clean);
      issues.set(event.filePath, ofFile);
      call.onEvent?.({
        type: "fileLinted",
        filePath: event.filePath,
        issues: ofFile,
        ...(typeof event.skipped === "string" && { skippedReason: event.skipped }),
      });
    } else if (event.event === "progress") {
      call.onEvent?.({ type: "progress", done: event.done, total: event.total, label: event.label });
    }
  };
  const answer = await worker.request(
    "lint",
    {
      ...(request.paths && { paths: [...request.paths] }),
      ...(request.texts && { texts: Object.fromEntries(request.texts) }),
      ...(request.interactive !== undefined && { interactive: request.interactive }),
    },
    // Whoever types sees what dbt says, at least; who asks for a lint is told that there is none.
    { signal: call.signal, onEvent, needsLinter: !(request.interactive && request.paths) },
  );
  return { issues, linted: answer.linted, skipped: [...answer.skipped] };
}

/** @returns null if the file was mended, else why not */
async function fixFile(worker: WorkerSupervisor, filePath: string, call: Call): Promise<NotWritten | null> {
  return writeFixedText(filePath, async (text) => {
    const { text: fixed, reason } = await worker.request(
      "fix",
      { path: filePath, text },
      { signal: call.signal, needsLinter: true },
    );
    return { text: fixed, reason: reason ?? "nothing to fix" };
  });
}

function toIssues(
  filePath: string,
  issues: readonly WorkerIssue[],
  clean: (text: string) => string,
): LintIssue[] {
  return issues.map((issue) => ({
    filePath,
    line: issue.line,
    column: issue.column,
    ...(typeof issue.endLine === "number" && { endLine: issue.endLine }),
    ...(typeof issue.endColumn === "number" && { endColumn: issue.endColumn }),
    severity: issue.severity,
    ruleCode: issue.ruleCode,
    ...(typeof issue.ruleName === "string" && { ruleName: issue.ruleName }),
    message: clean(issue.message),
    ...rulePage(issue),
    source: issue.source,
    fixable: issue.fixable,
    ...(issue.edits && { edits: issue.edits }),
  }));
}

/** SQLFluff's own links to rules, which stay when its pages move. A custom rule (`Example_L001`) has no page there. */
function rulePage({ source, ruleCode }: WorkerIssue): { docsUrl?: string } {
  if (source !== "sqlfluff" || !/^[A-Z]{2}\d{2}$/.test(ruleCode)) return {};
  return { docsUrl: `https://docs.sqlfluff.com/en/stable/perma/rule/${ruleCode}.html` };
}
