import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import { selectRuntimeRequest, type SelectRuntimeParams } from "../../protocol/requests.ts";
import { withRuntime } from "../config/writeRuntime.ts";
import { uriOfPath } from "../platform/uri.ts";
import type { Project } from "../projects/project.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { signalOf } from "./guard.ts";
import { withProgress } from "./progress.ts";
import { projectsOf } from "./projectCommands.ts";

/**
 * dbt/selectRuntime: another environment for a project. What runs for it ends first; then the choice is written where it
 * was asked to be, and all that was known from the environment before goes.
 */
export const selectRuntime: Feature = {
  register(context) {
    context.answer(selectRuntimeRequest, "Switching the environment", (params, token) =>
      select(context, params, signalOf(token)),
    );
    // Whoever writes the choice, a person in an editor included: nothing of the old runtime stays.
    const runtimes = new Map<Project, string | null>();
    context.projects.on({
      configured: (project) => {
        const now = project.status.runtime;
        const before = runtimes.get(project);
        runtimes.set(project, now);
        if (before === undefined || before === now) return;
        forget(context, project);
      },
      removed: (project) => runtimes.delete(project),
    });
  },
};

async function select(
  context: ServerContext,
  params: SelectRuntimeParams,
  signal: AbortSignal,
): Promise<{ filePath: string | null }> {
  const [project] = await projectsOf(context, { projectDir: params.projectDir });
  if (!project) throw new ResponseError(LSPErrorCodes.RequestFailed, "There is no such project.");
  const title = `Waiting for the runs of ${project.config.name} to end`;
  await withProgress(context, { title, token: params.workDoneToken, signal }, ({ signal: cancelled }) =>
    context.runs.idle(project.dir, cancelled),
  );
  if (params.where === "setting") return { filePath: null };

  const filePath = project.config.manifestPath ?? path.join(project.dir, "manifest.yaml");
  const document = context.documents.get(filePath);
  const before = document?.getText() ?? (await readFile(filePath, "utf8").catch(() => null));
  const written = withRuntime(before, params.runtime);
  if ("refused" in written) {
    throw new ResponseError(LSPErrorCodes.RequestFailed, `${filePath} was not changed: ${written.refused}.`);
  }
  if (document) {
    const end = document.positionAt(document.getText().length);
    const range = { start: { line: 0, character: 0 }, end };
    await context.connection.workspace.applyEdit({
      label: `dbt_runtime: ${params.runtime}`,
      edit: { changes: { [uriOfPath(filePath)]: [{ range, newText: written.text }] } },
    });
  } else {
    await writeFile(filePath, written.text);
  }
  await context.projects.reload();
  return { filePath };
}

function forget({ diagnostics, linting }: ServerContext, project: Project): void {
  for (const owner of ["engine", "lint"] as const) {
    for (const filePath of diagnostics.filesOf(owner)) {
      if (project.holds(filePath)) diagnostics.set(owner, filePath, []);
    }
  }
  linting.relintOpen(project);
}
