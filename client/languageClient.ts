import * as vscode from "vscode";
import {
  ErrorAction,
  type ErrorHandler,
  LanguageClient,
  type LanguageClientOptions,
  ProgressType,
  RevealOutputChannelOn,
  State,
  TransportKind,
  type WorkDoneProgressBegin,
  type WorkDoneProgressEnd,
  type WorkDoneProgressReport,
} from "vscode-languageclient/node";
import {
  type InitializationOptions,
  manifestChangedNotification,
  confirmTriggerRequest,
  pythonInterpreterRequest,
  secretRequest,
  type RunChange,
  runChangedNotification,
  statusNotification,
} from "../protocol/requests.ts";
import type { ManifestInfo } from "../protocol/manifest.ts";
import type { ProjectStatus } from "../protocol/runtime.ts";
import { refuseWhenMovedOn } from "./fixes.ts";
import { log } from "./log.ts";
import type { PythonExtension } from "./python.ts";
import { neverTrace, traceLog } from "./tracing.ts";

/** Progress of one request, under the token that was sent with it. */
export const workDone = new ProgressType<
  WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd
>();

interface Listener {
  onState(state: "starting" | "running" | "stopped"): void;
  onProjects(projects: readonly ProjectStatus[]): void;
  onManifest(manifest: ManifestInfo): void;
  onRun(change: RunChange): void;
}

/**
 * A client of dist/server.js over node's IPC, not started yet.
 * @param trusted without it, the server reads files and starts nothing
 */
export function makeClient(
  context: vscode.ExtensionContext,
  python: PythonExtension,
  listener: Listener,
  trusted: boolean,
): LanguageClient {
  const module = vscode.Uri.joinPath(context.extensionUri, "dist", "server.js").fsPath;
  const run = { module, transport: TransportKind.ipc };
  const debug = { ...run, options: { execArgv: ["--nolazy", "--inspect=127.0.0.1:6019"] } };
  const options = clientOptions(context, python, trusted);
  const errorHandler: ErrorHandler = {
    // What is written to a server that has just died fails; the connection closes next, and that starts it again. The
    // library's own handler would stop the client for good over a second such write.
    error: () => ({ action: ErrorAction.Continue, handled: true }),
    closed: () => restarts.closed(),
  };
  const client = new LanguageClient("floeDbt", "Floe dbt", { run, debug }, { ...options, errorHandler });
  const restarts = client.createDefaultErrorHandler();
  client.onNotification(statusNotification, ({ projects }) => listener.onProjects(projects));
  client.onNotification(manifestChangedNotification, (manifest) => listener.onManifest(manifest));
  client.onNotification(runChangedNotification, (change) => listener.onRun(change));
  client.onRequest(pythonInterpreterRequest, ({ projectDir }) => python.interpreterFor(projectDir));
  client.onRequest(secretRequest, async ({ key }) => {
    const secret = await context.secrets.get(key);
    neverTrace(secret);
    return secret ?? null;
  });
  client.onRequest(confirmTriggerRequest, async (question) =>
    (await import("./remote/confirmTrigger.ts")).confirmTrigger(question),
  );
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Running) listener.onState("running");
    else if (newState === State.Starting) listener.onState("starting");
    else listener.onState("stopped");
  });
  return client;
}

function clientOptions(
  context: vscode.ExtensionContext,
  python: PythonExtension,
  trusted: boolean,
): LanguageClientOptions {
  const initializationOptions: InitializationOptions = {
    storageDir: context.globalStorageUri.fsPath,
    pythonInterpreter: python.installed,
    remote: true,
    ownCommands: true,
    trusted,
  };
  return {
    // By name as well as by language: other extensions give .sql files languages of their own.
    documentSelector: [
      { scheme: "file", language: "sql" },
      { scheme: "file", language: "jinja-sql" },
      { scheme: "file", language: "yaml" },
      { scheme: "file", pattern: "**/*.{sql,yml,yaml}" },
    ],
    initializationOptions,
    middleware: { resolveCodeAction: refuseWhenMovedOn },
    outputChannel: log,
    traceOutputChannel: traceLog(log),
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    diagnosticCollectionName: "floeDbt",
    // A failed start is reported once, by the one who starts.
    initializationFailedHandler: () => false,
  };
}
