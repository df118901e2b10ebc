import { existsSync } from "node:fs";
import path from "node:path";
import { type ProjectLintResult, projectLintResult } from "../../protocol/lint.ts";
import type { RuntimeName } from "../../protocol/runtime.ts";
import { isInside } from "../platform/paths.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { ancestors, type CommandContext, openProjects, type ProjectOptions } from "./projects.ts";
import { type LintFormat, lintReport } from "./lintReport.ts";
import { inOptions } from "./optionNames.ts";
import { productVersion } from "./version.ts";
import { counted } from "../../protocol/counted.ts";
import { exists } from "../platform/exists.ts";

export interface LintOptions extends ProjectOptions {
  runtime?: "auto" | RuntimeName;
  fix: boolean;
  format: LintFormat;
  maxWarnings?: number;
  verbose: boolean;
}

/** `floe-dbt lint`. @returns 0 passed, 1 issues of severity error, more warnings than allowed, or fixes that could not be written */
export async function runLint(
  paths: readonly string[],
  options: LintOptions,
  context: CommandContext,
): Promise<0 | 1> {
  const { terminal, signal, env } = context;
  const asked = paths.map((each) => path.resolve(each));
  for (const each of asked) {
    if (!(await exists(each))) throw new DbtConfigurationError(`${each} does not exist.`);
  }
  await using opened = await openProjects(asked, options, context);
  const results: ProjectLintResult[] = [];
  for (const { project, plugin, paths: own } of opened.projects) {
    // Where dbt runs elsewhere, what lints here is only now looked for.
    if (!plugin.supportsSqlLinting(project)) await plugin.getRuntimeMetadata(project, { signal });
    if (!plugin.supportsSqlLinting(project)) {
      throw new DbtConfigurationError(
        `${project.projectDir}: the ${plugin.runtime} environment has no linter, and there is no Python with SQLFluff here.`,
      );
    }
    let done = 0;
    const result = await plugin.lintProject(
      project,
      { ...(own.length > 0 ? { paths: own } : {}), fix: options.fix, all: true },
      {
        signal,
        onEvent(event) {
          if (event.type === "progress") {
            done = event.done;
            terminal.progress(`${event.label} ${done}/${event.total}`);
          }
        },
      },
    );
    results.push(result);
  }
  const result = merge(results);
  terminal.data(
    lintReport(options.format, result, {
      baseDir: process.cwd(),
      sourceDir: sourceDirOf(process.cwd(), env),
      version: productVersion,
      style: terminal.style,
    }),
  );
  const tooMany = options.maxWarnings !== undefined && result.warnings > options.maxWarnings;
  if (tooMany) {
    terminal.words(`${result.warnings} warnings, and --max-warnings allows ${options.maxWarnings}.`);
  }
  const unwritten = result.filesSkipped.filter((file) => file.unwritten).length;
  if (unwritten > 0) terminal.words(`${counted(unwritten, "file")} could not be written.`);
  return result.passed && !tooMany && unwritten === 0 ? 0 : 1;
}

/** What services that read a report take paths to be relative to: the checkout, else the repository of this folder. */
function sourceDirOf(cwd: string, env: NodeJS.ProcessEnv): string {
  const checkout = env["GITHUB_WORKSPACE"];
  if (checkout && isInside(cwd, checkout)) return checkout;
  return ancestors(cwd).find((dir) => existsSync(path.join(dir, ".git"))) ?? cwd;
}

function merge(results: readonly ProjectLintResult[]): ProjectLintResult {
  return projectLintResult(
    results.flatMap(({ issues }) =>
      issues.map((issue) =>
        issue.source === "dbt" ? { ...issue, message: inOptions(issue.message) } : issue,
      ),
    ),
    {
      linted: results.flatMap((result) => result.filesLinted),
      skipped: results.flatMap((result) => result.filesSkipped),
      fixed: results.flatMap((result) => result.filesFixed),
    },
  );
}
