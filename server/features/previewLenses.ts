import { type CodeLens, CodeLensRefreshRequest, type Command } from "vscode-languageserver/node";
import type { ProjectPaths } from "../config/dbtProjectFile.ts";
import { isSql } from "../lint/linting.ts";
import { isInside } from "../platform/paths.ts";
import { ctesOf } from "../sql/ctes.ts";
import { tokensOf } from "../sql/lexer.ts";
import { can } from "./compileText.ts";
import type { Feature, ServerContext } from "./feature.ts";

/**
 * “Preview” above a model and each of its CTEs, for clients that have the commands (VS Code): the argument is the URI,
 * of a CTE with its name and place.
 */
export const previewLenses: Feature = {
  capabilities: (client) => (client.ownCommands ? { codeLensProvider: {} } : {}),
  register(context) {
    const { connection, client, projects, guard } = context;
    connection.onCodeLens(
      guard.passive("Code lenses", ({ textDocument }) => lensesOf(context, textDocument.uri)),
    );
    if (!client.refreshesLenses) return;
    const refresh = guard.event("Code lenses", () => connection.sendRequest(CodeLensRefreshRequest.type));
    const shown = new Map<string, boolean>();
    projects.on({
      configured: ({ dir, settings }) => {
        const wanted = settings["preview.codeLens"];
        if ((shown.get(dir) ?? true) !== wanted) refresh();
        shown.set(dir, wanted);
      },
    });
  },
};

async function lensesOf({ documents, projects }: ServerContext, uri: string): Promise<CodeLens[]> {
  const file = documents.ofUri(uri);
  const project = file && isSql(file) ? await projects.of(file.filePath) : null;
  if (!file || !project?.settings["preview.codeLens"]) return [];
  if (!can(project.plugin(), "preview") || !holdsQuery(file.filePath, project.config.paths)) return [];
  const { document } = file;
  const text = document.getText();
  if (tokensOf(text).length === 0) return [];
  const start = { line: 0, character: 0 };
  const model: Command = { title: "Preview model", command: "floeDbt.previewModel", arguments: [uri] };
  return [
    { range: { start, end: start }, command: model },
    ...ctesOf(text).map(({ name, start: at }) => {
      const position = document.positionAt(at);
      const command: Command = {
        title: `Preview ${name}`,
        command: "floeDbt.previewCte",
        arguments: [{ uri, cte: name, position }],
      };
      return { range: { start: position, end: document.positionAt(at + name.length) }, command };
    }),
  ];
}

/** Whether a file of this place is one query: not a macro, and nothing dbt made. */
function holdsQuery(filePath: string, paths: ProjectPaths): boolean {
  const folders = [...paths.models, ...paths.snapshots, ...paths.analyses, ...paths.tests];
  return folders.some((folder) => isInside(filePath, folder)) && !isInside(filePath, paths.target);
}
