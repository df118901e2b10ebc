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

/**
 * The same edit, to be shown in the refactor preview with every fix ticked.
 *
 * The preview opens only for changes that need confirmation, and leaves those unticked: with all fixes marked so, "Apply"
 * would apply none of them. So one more change asks for all: the creation of a file that is there already, which the
 * preview does not list and the editor never carries out.
 *
 * @param existing URI of any file that exists
 */
export function previewFirst(edit: WorkspaceEdit, existing: string): WorkspaceEdit {
  const fixes = "floeDbt.fixes";
  const ask = "floeDbt.ask";
  return {
    ...edit,
    changeAnnotations: {
      ...edit.changeAnnotations,
      [ask]: { label: "Review first", needsConfirmation: true },
      [fixes]: { label: "SQLFluff fixes", needsConfirmation: false },
    },
    documentChanges: [
      { kind: "create", uri: existing, options: { ignoreIfExists: true }, annotationId: ask },
      ...(edit.documentChanges ?? []).map((change) =>
        TextDocumentEdit.is(change)
          ? {
              textDocument: change.textDocument,
              edits: change.edits.map((item) =>
                "newText" in item ? { ...item, annotationId: fixes } : item,
              ),
            }
          : change,
      ),
    ],
  };
}

/** Two spellings of one URI ("%3A" and ":", "C:" and "c:") made one. */
function canonical(uri: string): string {
  return URI.parse(uri).toString();
}
