import * as vscode from "vscode";
import type { ResolveCodeActionSignature, WorkspaceEdit } from "vscode-languageclient/node";
import { movedOn, previewFirst, type OpenDocument } from "./editSafety.ts";

/** Knows the editor's form of the server's edits: the language server. */
interface EditConverter {
  asWorkspaceEdit(edit: WorkspaceEdit): Promise<vscode.WorkspaceEdit>;
}

/**
 * Applies edits of the linter, undoable, and never to a text that has moved on since they were made.
 * @param options.previewAt where given, the editor's refactor preview comes first; names any file that exists
 * @returns whether they were applied; false if the person declined in the preview
 * @throws if a file has changed meanwhile
 */
export async function applyFixes(
  server: EditConverter,
  edit: WorkspaceEdit,
  options: { previewAt?: vscode.Uri } = {},
): Promise<boolean> {
  const { previewAt } = options;
  const shown = previewAt ? previewFirst(edit, previewAt.toString()) : edit;
  const converted = await server.asWorkspaceEdit(shown);
  // Last, with no await before the edit is handed over: the editor itself checks versions from there on.
  const changed = movedOn(edit, openDocuments());
  if (changed.length > 0) {
    const names = changed.map((uri) => vscode.workspace.asRelativePath(vscode.Uri.parse(uri)));
    throw new Error(
      `Nothing was changed: ${names.join(", ")} changed while the fixes were made. Run it again.`,
    );
  }
  return vscode.workspace.applyEdit(converted, { isRefactoring: previewAt !== undefined });
}

/**
 * Middleware of `codeAction/resolve`: the editor applies such an edit without a look at versions, and working it out takes
 * long enough to type in.
 * @throws if a document of the edit has changed since it was asked for
 */
export async function refuseWhenMovedOn(
  action: vscode.CodeAction,
  token: vscode.CancellationToken,
  next: ResolveCodeActionSignature,
): Promise<vscode.CodeAction | null | undefined> {
  const before = new Map(openDocuments().map(({ uri, version }) => [uri, version]));
  const resolved = await next(action, token);
  const edited = new Set((resolved?.edit?.entries() ?? []).map(([uri]) => uri.toString()));
  const changed = openDocuments().filter(
    ({ uri, version }) => edited.has(uri) && before.get(uri) !== version,
  );
  if (changed.length > 0) throw new Error("Nothing was changed: the file changed while the fix was made.");
  return resolved;
}

function openDocuments(): OpenDocument[] {
  return vscode.workspace.textDocuments.map((document) => ({
    uri: document.uri.toString(),
    version: document.version,
    dirty: document.isDirty,
  }));
}
