import { type Connection, TextDocuments } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { isInside, pathKey } from "../platform/paths.ts";
import { pathOfUri } from "../platform/uri.ts";

/** One open file of the disk. Documents of other schemes (untitled, git, ...) are not among them. */
export interface OpenFile {
  filePath: string;
  document: TextDocument;
}

export interface DocumentEvents {
  opened: (file: OpenFile) => void;
  changed: (file: OpenFile) => void;
  saved: (file: OpenFile) => void;
  closed: (file: OpenFile) => void;
}

/** The files a client has open, with the text it shows, by path. */
export class OpenDocuments {
  readonly #byPath = new Map<string, OpenFile>();
  readonly #listeners: Partial<DocumentEvents>[] = [];

  listen(connection: Connection): void {
    const documents = new TextDocuments(TextDocument);
    const told = (event: keyof DocumentEvents, file: OpenFile): void => {
      for (const listener of this.#listeners) listener[event]?.(file);
    };
    const fileOf = (document: TextDocument): OpenFile | null => {
      const filePath = pathOfUri(document.uri);
      return filePath === null ? null : { filePath, document };
    };
    // TextDocuments tells of an opening as a change too, right after it.
    let opening: TextDocument | null = null;
    documents.onDidOpen(({ document }) => {
      opening = document;
      const file = fileOf(document);
      if (!file) return;
      this.#byPath.set(pathKey(file.filePath), file);
      told("opened", file);
    });
    documents.onDidChangeContent(({ document }) => {
      const wasOpening = opening === document;
      opening = null;
      const file = fileOf(document);
      if (file && !wasOpening) told("changed", file);
    });
    documents.onDidSave(({ document }) => {
      const file = fileOf(document);
      if (file) told("saved", file);
    });
    documents.onDidClose(({ document }) => {
      const file = fileOf(document);
      if (!file) return;
      this.#byPath.delete(pathKey(file.filePath));
      told("closed", file);
    });
    documents.listen(connection);
  }

  on(events: Partial<DocumentEvents>): void {
    this.#listeners.push(events);
  }

  get(filePath: string): TextDocument | undefined {
    return this.#byPath.get(pathKey(filePath))?.document;
  }

  ofUri(uri: string): OpenFile | null {
    const filePath = pathOfUri(uri);
    return filePath === null ? null : (this.#byPath.get(pathKey(filePath)) ?? null);
  }

  all(): OpenFile[] {
    return [...this.#byPath.values()];
  }

  inFolder(folder: string): OpenFile[] {
    return this.all().filter(({ filePath }) => isInside(filePath, folder));
  }

  textOf(filePath: string): string | undefined {
    return this.get(filePath)?.getText();
  }
}
