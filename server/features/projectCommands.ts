import path from "node:path";
import { LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import type { ProjectLintResult } from "../../protocol/lint.ts";
import {
  fixDocumentRequest,
  fixProjectRequest,
  type FixProjectResult,
  lintDocumentRequest,
  lintProjectRequest,
  type LintSummary,
  type ProjectParams,
} from "../../protocol/requests.ts";
import { pathOfUri } from "../platform/uri.ts";
import { DbtCancelledError, DbtError } from "../plugins/errors.ts";
import type { Project } from "../projects/project.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { fixesOfDocument, fixesOfFile } from "./fixes.ts";
import { signalOf } from "./guard.ts";
import { withProgress } from "./progress.ts";
import { type FileEdits, workspaceEdit } from "./workspaceEdits.ts";

/** dbt/lintProject, dbt/lintDocument, dbt/fixProject and dbt/fixDocument: lint and fix when a person says so. */
export const projectCommands: Feature = {
  register(context) {
    const { answer } = context;
    answer(lintProjectRequest, "Linting the project", (params, token) =>
      lintProjects(context, params, signalOf(token)),
    );
    answer(lintDocumentRequest, "Linting the file", async ({ uri }, token) =>
      summary([await context.linting.lintDocument(pathOfUri(uri) ?? "", signalOf(token))]),
    );
    answer(fixProjectRequest, "Fixing the project", (params, token) =>
      fixProjects(context, params, signalOf(token)),
    );
    answer(fixDocumentRequest, "Fixing the file", (params, token) =>
      fixDocument(context, params, signalOf(token)),
    );
  },
};

/** The projects a request means. @throws ResponseError if there is none there */
export async function projectsOf({ projects }: ServerContext, params: ProjectParams): Promise<Project[]> {
  await projects.settled();
  if (params.projectDir === undefined) return projects.all;
  const project = projects.at(path.normalize(params.projectDir));
  if (!project) {
    throw new ResponseError(
      LSPErrorCodes.RequestFailed,
      `There is no dbt project in ${params.projectDir}: no dbt_project.yml was found there.`,
    );
  }
  return [project];
}

export async function lintProjects(
  context: ServerContext,
  params: ProjectParams,
  signal: AbortSignal,
): Promise<LintSummary> {
  const projects = await projectsOf(context, params);
  const results: ProjectLintResult[] = [];
  const failures: string[] = [];
  for (const project of projects) {
    const title = `Linting ${project.config.name}`;
    try {
      results.push(
        await withProgress(context, { title, token: params.workDoneToken, signal }, (progress) =>
          context.linting.lintProject(
            project,
            {
              interactive: true,
              onProgress: (done, total) => progress.report(done, total, `${done} of ${total} files`),
            },
            progress.signal,
          ),
        ),
      );
    } catch (error) {
      if (!(error instanceof DbtError) || error instanceof DbtCancelledError) throw error;
      failures.push(`${project.config.name}: ${error.message}`);
    }
  }
  return summary(results, failures);
}

/** Fixes nothing by itself: the edits go to the client, which shows and applies them. */
export async function fixProjects(
  context: ServerContext,
  params: ProjectParams,
  signal: AbortSignal,
): Promise<FixProjectResult> {
  const refused: FixProjectResult["refused"] = [];
  const files: FileEdits[] = [];
  for (const project of await projectsOf(context, params)) {
    const options = { title: `Fixing ${project.config.name}`, token: params.workDoneToken, signal };
    await withProgress(context, options, async (progress) => {
      const result = await context.linting.lintProject(
        project,
        {
          interactive: true,
          onProgress: (done, total) => progress.report(done, total * 2, `linted ${done} of ${total} files`),
        },
        progress.signal,
      );
      const fixable = [
        ...new Set(result.issues.filter((issue) => issue.fixable).map((issue) => issue.filePath)),
      ];
      for (const [index, filePath] of fixable.entries()) {
        progress.report(fixable.length + index, fixable.length * 2, path.basename(filePath));
        const fixes = await fixesOfFile(context, project, filePath, { signal: progress.signal });
        if ("refused" in fixes) refused.push({ filePath, reason: fixes.refused });
        else if (fixes.edits.length > 0) files.push(fixes);
      }
    });
  }
  const confirm = {
    label: "SQLFluff fixes",
    description: (uri: string) => path.basename(pathOfUri(uri) ?? uri),
  };
  return {
    edit: files.length === 0 ? null : workspaceEdit(context.client, files, confirm),
    files: files.length,
    refused,
  };
}

export async function fixDocument(
  context: ServerContext,
  { uri, rules }: { uri: string; rules?: string[] },
  signal: AbortSignal,
): Promise<{ edit: FixProjectResult["edit"]; reason?: string }> {
  const file = context.documents.ofUri(uri);
  const project = file && (await context.projects.of(file.filePath));
  if (!file || !project) return { edit: null, reason: "this file is in no dbt project" };
  const fixes = await fixesOfDocument(context, project, file, { ...(rules && { rules }), signal });
  if ("refused" in fixes) return { edit: null, reason: fixes.refused };
  if (fixes.edits.length === 0) return { edit: null, reason: "there is nothing to fix" };
  return { edit: workspaceEdit(context.client, [{ uri: file.document.uri, ...fixes }]) };
}

function summary(results: readonly ProjectLintResult[], failures: string[] = []): LintSummary {
  const sum = (count: (result: ProjectLintResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  return {
    files: sum((result) => result.filesLinted.length),
    skipped: sum((result) => result.filesSkipped.length),
    errors: sum((result) => result.errors),
    warnings: sum((result) => result.warnings),
    infos: sum((result) => result.infos),
    failures,
  };
}
