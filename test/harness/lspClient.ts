import { spawn } from "node:child_process";
import { once } from "node:events";
import os from "node:os";
import path from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import {
  type ClientCapabilities,
  ConfigurationRequest,
  createConnection,
  createProtocolConnection,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DidSaveTextDocumentNotification,
  FileChangeType,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  LogMessageNotification,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  RegistrationRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  TextDocumentEdit,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type InitializationOptions, statusNotification } from "../../protocol/requests.ts";
import type { ProjectStatus } from "../../protocol/runtime.ts";
import { pathOfUri, uriOfPath } from "../../server/platform/uri.ts";
import { dbtEnvironment } from "../../server/plugins/local/envFile.ts";
import { envFileOf } from "../../server/projects/settingPaths.ts";
import { createServer, type ServerDeps } from "../../server/server.ts";
import { repoDir } from "./environment.ts";

/** How long a test waits for what has to come, in milliseconds. */
const patience = 60_000;

export interface ClientOptions {
  /** Absolute paths of the workspace folders. */
  folders: string[];
  /** The runtimes of a server in this process; or the path of a built server, started as an editor does. */
  plugins: ServerDeps["plugins"] | string;
  env?: NodeJS.ProcessEnv;
  capabilities?: ClientCapabilities;
  initializationOptions?: InitializationOptions;
  /** Answers workspace/configuration by folder; without it the client cannot be asked. */
  configuration?: (folder: string) => unknown;
}

/** What a modern editor can do, apart from being asked for settings. */
export const modernCapabilities: ClientCapabilities = {
  workspace: {
    applyEdit: true,
    workspaceFolders: true,
    workspaceEdit: {
      documentChanges: true,
      resourceOperations: ["create"],
      changeAnnotationSupport: {},
    },
    didChangeWatchedFiles: { dynamicRegistration: true },
  },
  textDocument: { codeAction: { resolveSupport: { properties: ["edit"] } } },
};

/** A small editor: it holds documents, and shows what the server sends. */
export class LspClient implements AsyncDisposable {
  readonly connection: ProtocolConnection;
  readonly documents = new Map<string, TextDocument>();
  readonly published: PublishDiagnosticsParams[] = [];
  readonly registered: string[] = [];
  readonly log: string[] = [];
  statuses: ProjectStatus[] = [];
  capabilities: InitializeResult["capabilities"] = {};
  readonly #server: AsyncDisposable;
  readonly #waiting = new Set<() => void>();
  configuration: ((folder: string) => unknown) | undefined;

  private constructor(options: ClientOptions) {
    this.configuration = options.configuration;
    const { streams, server } =
      typeof options.plugins === "string"
        ? builtServer(options, options.plugins)
        : serverInProcess(options, options.plugins);
    this.#server = server;
    this.connection = createProtocolConnection(
      new StreamMessageReader(streams.fromServer),
      new StreamMessageWriter(streams.toServer),
    );
  }

  static async start(options: ClientOptions): Promise<LspClient> {
    const client = new LspClient(options);
    await client.#initialize(options);
    return client;
  }

  async #initialize(options: ClientOptions): Promise<void> {
    const { connection } = this;
    connection.onNotification(PublishDiagnosticsNotification.type, (params) => {
      this.published.push(params);
      this.#wake();
    });
    connection.onNotification(statusNotification, ({ projects }) => {
      this.statuses = projects;
      this.#wake();
    });
    connection.onNotification(LogMessageNotification.type, ({ message }) => {
      this.log.push(message);
      this.#wake();
    });
    connection.onRequest(RegistrationRequest.type, ({ registrations }) => {
      this.registered.push(...registrations.map((registration) => registration.method));
      this.#wake();
    });
    connection.onRequest(ConfigurationRequest.type, ({ items }) =>
      items.map((item) => this.configuration?.(pathOfUri(item.scopeUri ?? "") ?? "") ?? null),
    );
    connection.listen();
    const capabilities = options.capabilities ?? modernCapabilities;
    const answer = await connection.sendRequest(InitializeRequest.type, {
      processId: null,
      // The protocol's type still asks for it.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      rootUri: null,
      workspaceFolders: options.folders.map((folder) => ({ uri: uriOfPath(folder), name: folder })),
      capabilities: {
        ...capabilities,
        workspace: { ...capabilities.workspace, configuration: options.configuration !== undefined },
      },
      ...(options.initializationOptions && { initializationOptions: options.initializationOptions }),
    });
    this.capabilities = answer.capabilities;
    await connection.sendNotification(InitializedNotification.type, {});
  }

  /** @returns the document's URI */
  async open(filePath: string, text: string, languageId = "sql"): Promise<string> {
    return await this.openUri(uriOfPath(filePath), text, languageId);
  }

  async openUri(uri: string, text: string, languageId = "sql"): Promise<string> {
    this.documents.set(uri, TextDocument.create(uri, languageId, 1, text));
    await this.connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId, version: 1, text },
    });
    return uri;
  }

  /** Replaces the whole text, as the next version. */
  async change(uri: string, text: string): Promise<void> {
    const document = this.document(uri);
    const version = document.version + 1;
    this.documents.set(uri, TextDocument.create(uri, document.languageId, version, text));
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version },
      contentChanges: [{ text }],
    });
  }

  async save(uri: string): Promise<void> {
    await this.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
  }

  async close(uri: string): Promise<void> {
    this.documents.delete(uri);
    await this.connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
  }

  async filesChanged(changes: Record<string, FileChangeType>): Promise<void> {
    await this.connection.sendNotification(DidChangeWatchedFilesNotification.type, {
      changes: Object.entries(changes).map(([filePath, type]) => ({ uri: uriOfPath(filePath), type })),
    });
  }

  document(uri: string): TextDocument {
    const document = this.documents.get(uri);
    if (!document) throw new Error(`${uri} is not open`);
    return document;
  }

  /** The diagnostics shown now, or undefined if the server never said anything of the file. */
  diagnostics(uri: string): Diagnostic[] | undefined {
    return this.published.findLast((params) => params.uri === uri)?.diagnostics;
  }

  async waitForDiagnostics(
    uri: string,
    predicate: (diagnostics: Diagnostic[]) => boolean,
  ): Promise<Diagnostic[]> {
    return await this.waitFor(`diagnostics of ${uri}`, () => {
      const diagnostics = this.diagnostics(uri);
      return diagnostics && predicate(diagnostics) ? diagnostics : undefined;
    });
  }

  async waitForStatus(predicate: (statuses: ProjectStatus[]) => boolean): Promise<ProjectStatus[]> {
    return await this.waitFor("a status", () => (predicate(this.statuses) ? this.statuses : undefined));
  }

  /** Resolves when `look` finds something; looks again whenever the server sends something, or on `nudge`. */
  async waitFor<Found>(what: string, look: () => Found | undefined): Promise<Found> {
    const found = look();
    if (found !== undefined) return found;
    return await new Promise<Found>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(again);
        reject(new Error(`Waited in vain for ${what}. The server's log:\n${this.log.join("\n")}`));
      }, patience);
      const again = (): void => {
        const now = look();
        if (now === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(again);
        resolve(now);
      };
      this.#waiting.add(again);
    });
  }

  /** Something outside the connection changed that a `waitFor` may look at. */
  nudge(): void {
    this.#wake();
  }

  /**
   * Applies an edit as an editor would: to open documents only in the version it was made for.
   * @returns the new text of every file, by path
   */
  apply(edit: WorkspaceEdit | null | undefined, closed: Record<string, string> = {}): Record<string, string> {
    const texts: Record<string, string> = {};
    const change = (uri: string, edits: TextEdit[]): void => {
      const filePath = pathOfUri(uri) ?? uri;
      const document = this.documents.get(uri) ?? TextDocument.create(uri, "sql", 0, closed[filePath] ?? "");
      texts[filePath] = TextDocument.applyEdits(document, edits);
    };
    for (const [uri, edits] of Object.entries(edit?.changes ?? {})) change(uri, edits);
    for (const each of edit?.documentChanges ?? []) {
      if (!TextDocumentEdit.is(each)) continue;
      const { uri, version } = each.textDocument;
      const open = this.documents.get(uri);
      if (open && version !== open.version) throw new Error(`The edit is for version ${version}`);
      change(uri, each.edits as TextEdit[]);
    }
    return texts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.sendRequest(ShutdownRequest.type);
    await this.#server[Symbol.asyncDispose]();
    this.connection.dispose();
  }

  #wake(): void {
    for (const again of [...this.#waiting]) again();
  }
}

interface StartedServer {
  streams: { toServer: Writable; fromServer: Readable };
  server: AsyncDisposable;
}

export function serverInProcess(
  options: Pick<ClientOptions, "env">,
  plugins: ServerDeps["plugins"],
): StartedServer {
  const toServer = new PassThrough();
  const fromServer = new PassThrough();
  // Given readers and writers, the server's connection does not end this process with its streams.
  const connection = createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(fromServer));
  const env = options.env ?? {};
  const server = createServer(connection, {
    env,
    environmentOf: (settings, workspaceDir, log) =>
      dbtEnvironment(envFileOf(settings, { workspaceDir, homeDir: os.homedir(), env }), env, log),
    version: "0.0.0",
    readerThread: path.join(repoDir, "server", "manifest", "readerThread.ts"),
    storageDir: path.join(os.tmpdir(), "floe-dbt-test-storage"),
    plugins,
  });
  connection.listen();
  return { streams: { toServer, fromServer }, server };
}

function builtServer(options: ClientOptions, serverPath: string): StartedServer {
  const child = spawn(process.execPath, [serverPath, "--stdio"], {
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const server = {
    [Symbol.asyncDispose]: async () => {
      const ended = child.exitCode === null ? once(child, "exit") : null;
      child.stdin.end();
      await ended;
    },
  };
  return { streams: { toServer: child.stdin, fromServer: child.stdout }, server };
}
