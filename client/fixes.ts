import * as vscode from "vscode";
import type { WorkspaceEdit } from "vscode-languageclient/node";
import { askBeforeEach, movedOn, type OpenDocument } from "./editSafety.ts";
import type { LanguageServer } from "./languageServer.ts";

/**
 * Applies edits of the linter, undoable, and never to a text that has moved on since they were made.
 * @param options.preview show the editor's refactor preview first
 * @returns whether they were applied; false if the person declined in the preview
 * @throws if a file has changed meanwhile
 */
export async function applyFixes(
  server: LanguageServer,
  edit: WorkspaceEdit,
  options: { preview: boolean },
): Promise<boolean> {
  const converted = await server.asWorkspaceEdit(
    options.preview ? askBeforeEach(edit, "SQLFluff fixes") : edit,
  );
  // Last, with no await before the edit is handed over: the editor itself checks versions from there on.
  const changed = movedOn(edit, openDocuments());
  if (changed.length > 0) {
    const names = changed.map((uri) => vscode.workspace.asRelativePath(vscode.Uri.parse(uri)));
    throw new Error(
      `Nothing was changed: ${names.join(", ")} changed while the fixes were made. Run it again.`,
    );
  }
  return vscode.workspace.applyEdit(converted, { isRefactoring: options.preview });
}

function openDocuments(): OpenDocument[] {
  return vscode.workspace.textDocuments.map((document) => ({
    uri: document.uri.toString(),
    version: document.version,
    dirty: document.isDirty,
  }));
}
