import { createHash } from "node:crypto";
import type { Connection, Diagnostic } from "vscode-languageserver/node";
import { isInside, pathKey } from "../platform/paths.ts";
import { uriOfPath } from "../platform/uri.ts";
import type { OpenDocuments } from "./openDocuments.ts";

/**
 * Who says it: the linter of a file, an engine that checks a whole project, the checks of a project's configuration, or
 * dbt's last runs. They replace only their own.
 */
export type DiagnosticOwner = "lint" | "engine" | "config" | "run";

interface Entry {
  filePath: string;
  byOwner: Partial<Record<DiagnosticOwner, Diagnostic[]>>;
  /** Version of the open document the linter's diagnostics are of. */
  version: number | null;
}

/**
 * What is known of every file, and its way to the client: pushed, or kept until asked for where the client pulls. A client
 * that pulls asks for open documents only, so closed files are pushed to it too, and taken back once they are opened.
 */
export class DiagnosticsStore {
  readonly #entries = new Map<string, Entry>();
  readonly #deps: {
    connection: Connection;
    documents: OpenDocuments;
    pulls: boolean;
    refreshes: boolean;
  };

  constructor(deps: {
    connection: Connection;
    documents: OpenDocuments;
    pulls: boolean;
    refreshes: boolean;
  }) {
    this.#deps = deps;
    deps.documents.on({
      opened: ({ filePath, document }) => {
        if (deps.pulls && this.#entries.has(pathKey(filePath))) this.#push(document.uri, []);
      },
      closed: ({ filePath }) => {
        const entry = this.#entries.get(pathKey(filePath));
        if (!entry) return;
        entry.version = null;
        if (deps.pulls) this.#push(uriOfPath(filePath), all(entry));
      },
    });
  }

  /** Replaces what `owner` says of a file, and shows it. */
  set(
    owner: DiagnosticOwner,
    filePath: string,
    diagnostics: Diagnostic[],
    version: number | null = null,
  ): void {
    const key = pathKey(filePath);
    const known = this.#entries.get(key);
    if (!known && diagnostics.length === 0 && version === null) return;
    const entry = known ?? { filePath, byOwner: {}, version };
    entry.byOwner[owner] = diagnostics;
    if (owner === "lint") entry.version = version;
    if (all(entry).length === 0 && entry.version === null) this.#entries.delete(key);
    else this.#entries.set(key, entry);
    this.#show(entry);
  }

  of(filePath: string): Diagnostic[] {
    const entry = this.#entries.get(pathKey(filePath));
    return entry ? all(entry) : [];
  }

  /** What `owner` says of a file. */
  ofOwner(owner: DiagnosticOwner, filePath: string): Diagnostic[] {
    return this.#entries.get(pathKey(filePath))?.byOwner[owner] ?? [];
  }

  /** What the linter says of a file, if that is still about `version` of its text. */
  ofVersion(filePath: string, version: number): Diagnostic[] | null {
    const entry = this.#entries.get(pathKey(filePath));
    return entry?.version === version ? (entry.byOwner.lint ?? []) : null;
  }

  /** A name for the present diagnostics of a file, equal as long as they are. */
  resultId(filePath: string): string {
    return createHash("sha1")
      .update(JSON.stringify(this.of(filePath)))
      .digest("hex");
  }

  /** Paths of every file with diagnostics of `owner`. */
  filesOf(owner: DiagnosticOwner): string[] {
    return [...this.#entries.values()]
      .filter((entry) => (entry.byOwner[owner]?.length ?? 0) > 0)
      .map((entry) => entry.filePath);
  }

  /** A file or folder was deleted or renamed: nothing is known of it any more. */
  remove(fileOrFolder: string): void {
    for (const [key, entry] of [...this.#entries]) {
      if (!isInside(entry.filePath, fileOrFolder)) continue;
      this.#entries.delete(key);
      this.#show({ ...entry, byOwner: {} });
    }
  }

  #show(entry: Entry): void {
    const document = this.#deps.documents.get(entry.filePath);
    if (document && this.#deps.pulls) {
      if (this.#deps.refreshes) void this.#deps.connection.languages.diagnostics.refresh();
      return;
    }
    this.#push(document?.uri ?? uriOfPath(entry.filePath), all(entry), document?.version);
  }

  #push(uri: string, diagnostics: Diagnostic[], version?: number): void {
    void this.#deps.connection.sendDiagnostics({
      uri,
      diagnostics,
      ...(version !== undefined && { version }),
    });
  }
}

function all(entry: Entry): Diagnostic[] {
  const { config = [], run = [], engine = [], lint = [] } = entry.byOwner;
  return [...config, ...run, ...engine, ...lint];
}
