import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  ConfigurationRequest,
  createProtocolConnection,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  LogMessageNotification,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  RegistrationRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  WorkDoneProgressCreateRequest,
} from "vscode-languageserver-protocol/node";
import { lintProjectRequest, type LintSummary, statusNotification } from "../../protocol/requests.ts";
import { repoDir } from "../harness/environment.ts";
import { markOf } from "./reviewModel.ts";

export interface FloeServer extends AsyncDisposable {
  readonly pid: number;
  readonly connection: ProtocolConnection;
  /** Every answer the server has shown, oldest first, with the time it came (performance.now()). */
  readonly shown: { uri: string; at: number; diagnostics: Diagnostic[] }[];
  open(filePath: string, text: string): Promise<void>;
  change(filePath: string, text: string): Promise<void>;
  /** Resolves with the time at which diagnostics came that `wanted` accepts; only those that come from now on count. */
  nextShown(wanted: (diagnostics: Diagnostic[]) => boolean): Promise<number>;
  lintProject(): Promise<LintSummary>;
}

const patienceMs = 15 * 60_000;

/** dist/server.js as an editor starts it, with one folder open and a cache folder of its own. */
export async function startFloeServer(options: {
  folder: string;
  storageDir: string;
  python: string;
  /** True where absent. */
  trusted?: boolean;
  /** Further settings of floeDbt. */
  settings?: Record<string, unknown>;
  env?: NodeJS.ProcessEnv;
}): Promise<FloeServer> {
  await mkdir(options.storageDir, { recursive: true });
  const child = spawn(process.execPath, [path.join(repoDir, "dist", "server.js"), "--stdio"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: options.env ?? process.env,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const shown: FloeServer["shown"] = [];
  const log: string[] = [];
  const listeners = new Set<(diagnostics: Diagnostic[], at: number) => void>();
  let status = "nothing";
  connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) => {
    const at = performance.now();
    shown.push({ uri, at, diagnostics });
    for (const listener of [...listeners]) listener(diagnostics, at);
  });
  connection.onNotification(LogMessageNotification.type, ({ message }) => void log.push(message));
  connection.onNotification(statusNotification, ({ projects }) => {
    status = projects.map(({ state, reason }) => `${state} ${reason ?? ""}`).join("; ");
  });
  connection.onRequest(ConfigurationRequest.type, ({ items }) =>
    items.map(() => ({ python: { path: options.python }, ...options.settings })),
  );
  connection.onRequest(RegistrationRequest.type, () => undefined);
  connection.onRequest(WorkDoneProgressCreateRequest.type, () => undefined);
  connection.listen();
  await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    // The protocol still wants it said.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    rootUri: null,
    workspaceFolders: [{ uri: uriOf(options.folder), name: "bench" }],
    capabilities: { workspace: { configuration: true, workspaceFolders: true } },
    initializationOptions: { storageDir: options.storageDir, trusted: options.trusted ?? true },
  });
  await connection.sendNotification(InitializedNotification.type, {});

  let version = 1;
  const why = () =>
    `The project's status is: ${status}. The server's last words:\n${log.slice(-20).join("\n")}`;
  return {
    pid: child.pid ?? 0,
    connection,
    shown,
    open: (filePath, text) =>
      connection.sendNotification(DidOpenTextDocumentNotification.type, {
        textDocument: { uri: uriOf(filePath), languageId: "sql", version, text },
      }),
    change: (filePath, text) =>
      connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri: uriOf(filePath), version: ++version },
        contentChanges: [{ text }],
      }),
    nextShown: (wanted) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(listener);
          reject(new Error(`Waited in vain for diagnostics. ${why()}`));
        }, patienceMs);
        const listener = (diagnostics: Diagnostic[], at: number): void => {
          if (!wanted(diagnostics)) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(at);
        };
        listeners.add(listener);
      }),
    async lintProject() {
      const summary = await connection.sendRequest(lintProjectRequest, {});
      if (summary.failures.length > 0) throw new Error(`${summary.failures.join("; ")} ${why()}`);
      return summary;
    },
    async [Symbol.asyncDispose]() {
      await connection.sendRequest(ShutdownRequest.type);
      await connection.sendNotification(ExitNotification.type);
      await ended;
      connection.dispose();
    },
  };
}

const uriOf = (filePath: string): string => pathToFileURL(filePath).href;

export const messageOf = ({ message }: Diagnostic): string =>
  typeof message === "string" ? message : (message as { value: string }).value;

/** Whether these diagnostics are the whole answer to the review model with this mark. */
export const answers =
  (mark: string) =>
  (diagnostics: readonly Diagnostic[]): boolean =>
    diagnostics.some((diagnostic) => markOf(messageOf(diagnostic)) === mark);
