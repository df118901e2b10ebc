import path from "node:path";
import { projectLintResult, type LintIssue, type ProjectLintResult } from "../../../protocol/lint.ts";
import type { Call, DbtPlugin, LintRequest, ProjectRef } from "../dbtPlugin.ts";
import { DbtEnvironmentError, DbtError } from "../errors.ts";
import { withIssues } from "../local/projectIssues.ts";
import type { Checked, EngineCheck, Ready } from "./engineCheck.ts";
import type { SaidDiagnostic } from "./engineEvents.ts";
import { glancedCodes, type EngineGlance } from "./engineGlance.ts";
import { isRule, lintWithBinary, pageOfRule } from "./binaryLint.ts";
import { pageOf, userPath } from "./engineMessage.ts";
import { mostShown, shownIssues } from "./shownIssues.ts";
import { sqlFilesOf } from "./sqlFiles.ts";

export interface EngineLintDeps {
  check: EngineCheck;
  /** Says of what is typed in one file what it can, before the check does; absent where nobody types. */
  glance?: EngineGlance;
  ready: Ready;
  /** Lints SQL as SQLFluff does; absent where nothing may. */
  sqlfluff: DbtPlugin | undefined;
  /** Which linter spoke, for the status. */
  onLinter: (linter: string) => void;
  /** The engine has said what it has to say; a linter may still be at it. */
  onChecked: () => void;
}

/**
 * The engine's own diagnostics of the whole project, with unsaved text, and the linter's of the files that were asked for:
 * the binary's own `dbt lint` where it has one, else SQLFluff of the project's Python environment.
 * @throws DbtError
 */
export async function lintWithEngine(
  deps: EngineLintDeps,
  project: ProjectRef,
  request: LintRequest,
  call: Call,
): Promise<ProjectLintResult> {
  const { check, ready } = deps;
  const texts = request.texts ?? new Map<string, string>();
  const single = request.paths?.length === 1 ? (request.paths[0] ?? null) : null;
  const asked = new Set([...(request.paths ?? []), ...texts.keys()]);
  const most = request.all ? Infinity : mostShown;

  let isChecked = false;
  const glancing = single === null ? undefined : glanceAt(deps, texts, single, call, () => isChecked);
  const checking = (async (): Promise<LintIssue[]> => {
    const checked = await check.check(ready, texts, single, call);
    isChecked = true;
    const issues = issuesOf(checked, ready, check, asked, most);
    call.onEvent?.({ type: "projectChecked", issues });
    deps.onChecked();
    return issues;
  })();
  // The linter's events wait for it, so that each file is told once, with all that is known.
  const engineIssues = checking.then(byFile);
  engineIssues.catch(() => undefined);

  const linted = await lintSql(deps, project, request, call, engineIssues);
  const issues = await checking;
  await glancing;
  // Mended files are other files.
  const now =
    linted.filesFixed.length > 0
      ? issuesOf(await check.check(ready, new Map(), single, call), ready, check, asked, most)
      : issues;
  const wanted = request.paths ? now.filter((issue) => isAmong(issue.filePath, request.paths ?? [])) : now;
  const result = withIssues(merged(linted, byFile(now)), wanted);
  const yaml = new Set(wanted.map(({ filePath }) => filePath));
  for (const filePath of yaml) {
    if (!linted.filesLinted.includes(filePath)) {
      call.onEvent?.({
        type: "fileLinted",
        filePath,
        issues: wanted.filter((each) => each.filePath === filePath),
      });
    }
  }
  return result;
}

/** Tells what a glance says of a file, unless the whole check was there first. Never throws: the check says what is wrong. */
async function glanceAt(
  { glance, check, ready }: EngineLintDeps,
  texts: ReadonlyMap<string, string>,
  filePath: string,
  call: Call,
  isTooLate: () => boolean,
): Promise<void> {
  try {
    const said = await glance?.glance(ready, texts, filePath, call);
    if (!glance || !said || isTooLate() || call.signal?.aborted) return;
    // Where the file parses, what its node's compile said holds until it is compiled again.
    const parses = said.every(({ severity }) => severity !== "error");
    const all = [
      ...said.map((each) => issueOf(each, ready, check, glance.dir)),
      ...(parses ? check.saidOfNode(filePath) : []).map((each) => issueOf(each, ready, check, check.dir)),
    ];
    const issues = unique(all).filter(
      (issue) => issue.filePath === filePath && glancedCodes.has(issue.ruleCode),
    );
    call.onEvent?.({ type: "fileGlanced", filePath, issues, codes: glancedCodes });
  } catch (error) {
    if (!(error instanceof DbtError)) throw error;
  }
}

/** The linter's part: SQL of the files that were asked for. */
async function lintSql(
  deps: EngineLintDeps,
  project: ProjectRef,
  request: LintRequest,
  call: Call,
  engineIssues: Promise<ReadonlyMap<string, LintIssue[]>>,
): Promise<ProjectLintResult> {
  const { ready, sqlfluff } = deps;
  if (ready.engine.features.has("lint")) {
    deps.onLinter(`dbt lint of ${ready.engine.distribution} ${ready.engine.version}`);
    const { check } = deps;
    const files = await sqlFilesOf(ready.environment.config, request.paths);
    if (files.length === 0) return projectLintResult([], { linted: [] });
    const { found, fixed } = await lintWithBinary(check, ready, files, request, call);
    const issues = found
      .map((said) => ({ ...issueOf(said, ready, check, check.dir), docsUrl: pageOfRule(said.code) }))
      .filter(({ filePath }) => files.includes(filePath));
    const [engine, by] = [await engineIssues, byFile(issues)];
    for (const filePath of files) {
      call.onEvent?.({
        type: "fileLinted",
        filePath,
        issues: withEngine(filePath, by.get(filePath) ?? [], engine),
      });
    }
    return projectLintResult(issues, { linted: files, fixed });
  }
  const sqlPaths = request.paths?.filter((file) => !/\.(ya?ml|md|csv|py)$/i.test(file));
  if (sqlfluff && (sqlPaths === undefined || sqlPaths.length > 0)) {
    const waiting: Promise<void>[] = [];
    try {
      const result = await sqlfluff.lintProject(
        project,
        { ...request, ...(sqlPaths && { paths: sqlPaths }) },
        {
          ...(call.signal && { signal: call.signal }),
          onEvent: (event) => {
            if (event.type === "progress") call.onEvent?.(event);
            if (event.type !== "fileLinted" && event.type !== "lintWave") return;
            waiting.push(
              engineIssues.then(
                (engine) =>
                  call.onEvent?.({ ...event, issues: withEngine(event.filePath, event.issues, engine) }),
                () => undefined,
              ),
            );
          },
        },
      );
      deps.onLinter(await nameOf(sqlfluff, project));
      await Promise.all(waiting);
      return result;
    } catch (error) {
      if (!(error instanceof DbtEnvironmentError)) throw error;
    }
  }
  const asked = sqlPaths === undefined || sqlPaths.length > 0;
  if (asked)
    deps.onLinter("the engine's own checks; there is no SQLFluff in the project's Python environment");
  const engine = await engineIssues;
  const files = await sqlFilesOf(ready.environment.config, request.paths);
  for (const filePath of files) {
    call.onEvent?.({ type: "fileLinted", filePath, issues: engine.get(filePath) ?? [] });
  }
  return projectLintResult([], { linted: files });
}

async function nameOf(sqlfluff: DbtPlugin, project: ProjectRef): Promise<string> {
  const { versions } = await sqlfluff.inspect(project);
  return `SQLFluff ${versions["sqlfluff"] ?? ""}`.trim();
}

function issuesOf(
  checked: Checked,
  ready: Ready,
  check: EngineCheck,
  asked: ReadonlySet<string>,
  most: number,
): LintIssue[] {
  const all = [...checked.parse, ...checked.node];
  const issues = unique(all.map((said) => issueOf(said, ready, check, checked.base)));
  return shownIssues(issues, asked, checked.dropped, projectPlace(ready), most);
}

/** A message without a position goes to its file (its node's, where it names none), without either to dbt_project.yml. */
function issueOf(said: SaidDiagnostic, ready: Ready, check: EngineCheck, base: string): LintIssue {
  const { config } = ready.environment;
  const filePath =
    said.file === null
      ? null
      : userPath(said.file, {
          projectDir: config.projectDir,
          base,
          targetDirs: [check.targetDir, config.paths.target],
        });
  const docsUrl = pageOf(said);
  return {
    ...(filePath === null
      ? projectPlace(ready)
      : { filePath, line: said.line ?? 1, column: said.column ?? 1 }),
    severity: said.severity,
    ruleCode: said.code,
    ...(said.name !== null && { ruleName: said.name }),
    message: said.message,
    ...(docsUrl !== undefined && { docsUrl }),
    source: isRule(said.code) ? "dbt lint" : "dbt",
    fixable: isRule(said.code),
  };
}

function projectPlace({ environment: { config } }: Ready): {
  filePath: string;
  line: number;
  column: number;
} {
  return { filePath: path.join(config.projectDir, "dbt_project.yml"), line: 1, column: 1 };
}

function unique(issues: readonly LintIssue[]): LintIssue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const key = JSON.stringify([issue.filePath, issue.line, issue.column, issue.ruleCode, issue.message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function byFile(issues: readonly LintIssue[]): Map<string, LintIssue[]> {
  return Map.groupBy(issues, ({ filePath }) => filePath);
}

/** The engine speaks for dbt here; where it found an error, SQLFluff's templater only stumbles over the same. */
function withEngine(
  filePath: string,
  issues: readonly LintIssue[],
  engine: ReadonlyMap<string, LintIssue[]>,
): LintIssue[] {
  const its = engine.get(filePath) ?? [];
  return [...its, ...linterOnly(issues, its)];
}

function linterOnly(issues: readonly LintIssue[], engine: readonly LintIssue[]): LintIssue[] {
  const hasError = engine.some(({ severity }) => severity === "error");
  return issues.filter(
    ({ source, ruleCode }) => source !== "dbt" && !(hasError && ["TMP", "PRS"].includes(ruleCode)),
  );
}

function merged(linted: ProjectLintResult, engine: ReadonlyMap<string, LintIssue[]>): ProjectLintResult {
  const issues = linted.issues.filter(
    (issue) => linterOnly([issue], engine.get(issue.filePath) ?? []).length > 0,
  );
  return projectLintResult(issues, {
    linted: linted.filesLinted,
    skipped: linted.filesSkipped,
    fixed: linted.filesFixed,
  });
}

function isAmong(filePath: string, paths: readonly string[]): boolean {
  return paths.some((each) => {
    const relative = path.relative(each, filePath);
    return (
      relative === "" ||
      (relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
    );
  });
}
