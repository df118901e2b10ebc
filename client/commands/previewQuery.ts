import * as vscode from "vscode";
import { can } from "../../protocol/capabilities.ts";
import type { PreviewParams } from "../../protocol/run.ts";
import { projectOf } from "../projectOf.ts";
import { buildWithParents, readsMissing } from "../runs/parentsFirst.ts";
import { modelName } from "../views/compiled/compiledUri.ts";
import type { CommandContext } from "./context.ts";
import { sqlFileFor } from "./sqlFile.ts";

/** Rows of a whole file, as it is in the editor. */
export async function previewModel(context: CommandContext, argument: unknown): Promise<void> {
  const source = sqlFileFor(argument);
  await preview(context, source, modelName(source), {});
}

/** Rows of what is selected in the active editor. */
export async function previewSelection(context: CommandContext): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const source = sqlFileFor(undefined);
  if (!editor || editor.selection.isEmpty) throw new Error("Nothing is selected. Select a query first.");
  const { start } = editor.selection;
  await preview(context, source, `${modelName(source)}: selection`, {
    selection: editor.document.getText(editor.selection),
    position: { line: start.line, character: start.character },
  });
}

/** Rows of the CTE that the argument names (a code lens), else of the one at the cursor. */
export async function previewCte(context: CommandContext, argument: unknown): Promise<void> {
  const lens = cteOfLens(argument);
  if (lens) {
    const source = vscode.Uri.parse(lens.uri, true);
    await preview(context, source, `${modelName(source)}: ${lens.cte}`, {
      cte: lens.cte,
      position: lens.position,
    });
    return;
  }
  const source = sqlFileFor(undefined);
  const { line = 0, character = 0 } = vscode.window.activeTextEditor?.selection.active ?? {};
  await preview(context, source, `${modelName(source)}: CTE at line ${line + 1}`, {
    cte: "",
    position: { line, character },
  });
}

async function preview(
  { server, preview: view }: CommandContext,
  source: vscode.Uri,
  title: string,
  asked: Partial<PreviewParams>,
): Promise<void> {
  const { previewRequest } = await import("../../protocol/requests.ts");
  const limit = vscode.workspace.getConfiguration("floeDbt", source).get<number>("preview.limit", 500);
  const rows: Parameters<typeof view.run>[0]["rows"] = (most, token) =>
    server.request(previewRequest, { uri: source.toString(), ...asked, limit: most }, token);
  const project = projectOf(source.fsPath, server.projects);
  const canBuild = project !== undefined && can(project, "build");
  const remedy = (message: string) =>
    canBuild && readsMissing(message) ? buildWithParents([source.fsPath]) : undefined;
  await view.run({ title, source, rows, remedy }, limit);
}

function cteOfLens(
  argument: unknown,
): { uri: string; cte: string; position: { line: number; character: number } } | null {
  if (argument === null || typeof argument !== "object") return null;
  const { uri, cte, position } = argument as Partial<PreviewParams>;
  return typeof uri === "string" && typeof cte === "string" && position ? { uri, cte, position } : null;
}
