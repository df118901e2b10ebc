import {
  type ChangeAnnotation,
  CreateFile,
  LSPErrorCodes,
  ResponseError,
  TextDocumentEdit,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import type { ClientFacts } from "../clientFacts.ts";

export interface FileEdits {
  uri: string;
  /** Version the edits are made from; null for a file that is not open. */
  version: number | null;
  edits: TextEdit[];
  /** The file has to be made first. */
  create?: boolean;
}

/**
 * Edits the client refuses when a document has moved on. A client without versioned edits gets plain ones.
 * @param confirm the client shows its preview and asks, where it can
 */
export function workspaceEdit(
  client: Pick<ClientFacts, "versionedEdits" | "confirmsEdits">,
  files: readonly FileEdits[],
  confirm?: { label: string; description: (uri: string) => string },
): WorkspaceEdit {
  if (!client.versionedEdits) {
    return { changes: Object.fromEntries(files.map(({ uri, edits }) => [uri, edits])) };
  }
  const annotate = confirm && client.confirmsEdits ? confirm : null;
  const changeAnnotations: Record<string, ChangeAnnotation> = {};
  const documentChanges = files.flatMap(({ uri, version, edits, create }) => {
    if (annotate) {
      changeAnnotations[uri] = {
        label: annotate.label,
        description: annotate.description(uri),
        needsConfirmation: true,
      };
    }
    const changed = TextDocumentEdit.create(
      { uri, version },
      annotate ? edits.map((edit) => ({ ...edit, annotationId: uri })) : edits,
    );
    return create ? [CreateFile.create(uri, { ignoreIfExists: true }), changed] : [changed];
  });
  return { documentChanges, ...(annotate && { changeAnnotations }) };
}

/** What a request gets whose document is no longer the one it asked about. */
export function movedOn(): ResponseError {
  return new ResponseError(
    LSPErrorCodes.ContentModified,
    "The file has changed since. Nothing was changed; please try again.",
  );
}
