import { TextDocumentEdit, type WorkspaceEdit } from "vscode-languageserver-protocol";
import { URI } from "vscode-uri";

export interface OpenDocument {
  uri: string;
  version: number;
  dirty: boolean;
}

/**
 * The documents of an edit whose text is no longer the one it was made from: another version than the edit names, or
 * unsaved changes where the edit was made from the file on disk.
 * @returns their URIs, as the edit spells them
 */
export function movedOn(edit: WorkspaceEdit, open: readonly OpenDocument[]): string[] {
  const documents = new Map(open.map((document) => [canonical(document.uri), document]));
  return (edit.documentChanges ?? [])
    .filter((change) => TextDocumentEdit.is(change))
    .map((change) => change.textDocument)
    .filter(({ uri, version }) => {
      const document = documents.get(canonical(uri));
      if (!document) return false;
      return version === null ? document.dirty : version !== document.version;
    })
    .map(({ uri }) => uri);
}

/** The same edit, with every change to be confirmed in the refactor preview. */
export function askBeforeEach(edit: WorkspaceEdit, label: string): WorkspaceEdit {
  const annotationId = "floeDbt.fix";
  return {
    ...edit,
    changeAnnotations: { ...edit.changeAnnotations, [annotationId]: { label, needsConfirmation: true } },
    documentChanges: (edit.documentChanges ?? []).map((change) =>
      TextDocumentEdit.is(change)
        ? {
            textDocument: change.textDocument,
            edits: change.edits.map((item) => ("newText" in item ? { ...item, annotationId } : item)),
          }
        : change,
    ),
  };
}

/** Two spellings of one URI ("%3A" and ":", "C:" and "c:") made one. */
function canonical(uri: string): string {
  return URI.parse(uri).toString();
}
