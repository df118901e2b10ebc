import * as vscode from "vscode";

/** The document a command is for: the one named by its argument, else the active editor's. @throws where there is none */
export async function documentFor(argument: unknown): Promise<vscode.TextDocument> {
  if (argument instanceof vscode.Uri) return vscode.workspace.openTextDocument(argument);
  const document = vscode.window.activeTextEditor?.document;
  if (!document) throw new Error("No file is open. Open a SQL file of a dbt project first.");
  return document;
}
