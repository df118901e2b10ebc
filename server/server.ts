import { homedir } from "node:os";
import path from "node:path";
import {
  type Connection,
  ErrorCodes,
  ResponseError,
  type ServerCapabilities,
} from "vscode-languageserver/node";
import { pythonInterpreterRequest, runChangedNotification, secretRequest } from "../protocol/requests.ts";
import type { TriggerQuestion } from "../protocol/remote.ts";
import type { RuntimeName } from "../protocol/runtime.ts";
import type { Settings } from "../protocol/settings.ts";
import { clientFacts } from "./clientFacts.ts";
import { confirmTrigger } from "./confirmTrigger.ts";
import type { ProjectConfig } from "./config/projectConfig.ts";
import { createAnswer } from "./features/answer.ts";
import { codeActions } from "./features/codeActions.ts";
import { compileText } from "./features/compileText.ts";
import { environmentComparison } from "./features/compareEnvironments.ts";
import { configDiagnostics } from "./features/configDiagnostics.ts";
import { doctor } from "./features/doctor.ts";
import { environment } from "./features/environment.ts";
import { executeCommand } from "./features/executeCommand.ts";
import type { Feature, ServerContext } from "./features/feature.ts";
import { formatting } from "./features/formatting.ts";
import { createGuard } from "./features/guard.ts";
import { lintByItself } from "./features/lintByItself.ts";
import { preview } from "./features/preview.ts";
import { previewLenses } from "./features/previewLenses.ts";
import { projectCommands } from "./features/projectCommands.ts";
import { completion } from "./features/completion.ts";
import { navigation } from "./features/navigation.ts";
import { symbols } from "./features/symbols.ts";
import { manifestFacts } from "./features/manifestFacts.ts";
import { manifestState } from "./features/manifestState.ts";
import { pullDiagnostics } from "./features/pullDiagnostics.ts";
import { runs } from "./features/runs.ts";
import { selectRuntime } from "./features/selectRuntime.ts";
import { runsAhead } from "./features/runsAhead.ts";
import { remote } from "./features/remote.ts";
import { settingsChanges } from "./features/settingsChanges.ts";
import { status } from "./features/status.ts";
import { storedSql } from "./features/storedSql.ts";
import { textSync } from "./features/textSync.ts";
import { watchedFiles } from "./features/watchedFiles.ts";
import { workspaceFolders } from "./features/workspaceFolders.ts";
import { DiagnosticsStore } from "./lint/diagnosticsStore.ts";
import { Linting } from "./lint/linting.ts";
import { OpenDocuments } from "./lint/openDocuments.ts";
import { Definitions } from "./manifest/definitions.ts";
import { Manifests } from "./manifest/manifests.ts";
import { type Log, RedactingLog } from "./platform/log.ts";
import { automaticRuntime } from "./plugins/automaticRuntime.ts";
import { DbtConfigurationError } from "./plugins/errors.ts";
import { createPluginRegistry, type PluginFactories } from "./plugins/registry.ts";
import type { LiveStatus } from "./projects/project.ts";
import { Projects } from "./projects/projects.ts";
import { SettingsStore } from "./projects/settingsStore.ts";
import { RunDiagnostics } from "./runs/runDiagnostics.ts";
import { RunHistory } from "./runs/runHistory.ts";
import { hasEnded } from "./runs/runRecord.ts";
import { Runs } from "./runs/runs.ts";

export interface ServerDeps {
  env: NodeJS.ProcessEnv;
  version: string;
  /** Folder for caches and private target paths, unless the client names one. */
  storageDir: string;
  /** Environment dbt has in a project: `env`, and what the project's .env file adds. */
  environmentOf(settings: Settings, workspaceDir: string, log: RedactingLog): Promise<NodeJS.ProcessEnv>;
  /** Script of the thread that reads dbt's artifacts. */
  readerThread: string;
  /** Makes the runtimes this server has. */
  plugins(host: PluginHost): PluginFactories;
}

/** What the server gives its plugins. */
export interface PluginHost {
  log: RedactingLog;
  env: NodeJS.ProcessEnv;
  storageDir: string;
  /** What settings and configuration say of a project. @throws DbtConfigurationError for a folder that holds none */
  projectFacts(projectDir: string): { settings: Settings; config: ProjectConfig };
  /** Interpreter chosen in another extension of the client, or null. */
  interpreterOf(projectDir: string): Promise<string | null>;
  /** The secret a client keeps; absent where it keeps none. */
  askSecret?: (key: string) => Promise<string | null>;
  /** Asks a person whether something may be started elsewhere. @returns the job to run in; null for no */
  confirmTrigger(question: TriggerQuestion): Promise<string | null>;
  /** A project is another way than before, on its own account. Of a runtime it is not on, nobody hears. */
  onStatus(projectDir: string, status: LiveStatus, runtime?: RuntimeName): void;
  /** What a plugin had got ready for runs is there no more, because a command was cancelled. */
  onRunsCold(projectDir: string): void;
}

const features: readonly Feature[] = [
  workspaceFolders,
  textSync,
  watchedFiles,
  settingsChanges,
  status,
  configDiagnostics,
  lintByItself,
  pullDiagnostics,
  codeActions,
  formatting,
  projectCommands,
  runs,
  storedSql,
  doctor,
  environment,
  environmentComparison,
  selectRuntime,
  executeCommand,
  manifestState,
  runsAhead,
  manifestFacts,
  navigation,
  completion,
  symbols,
  compileText,
  preview,
  previewLenses,
  remote,
];

/** Makes a language server of a connection. The caller starts listening; disposal stops every process. */
export function createServer(connection: Connection, deps: ServerDeps): AsyncDisposable & { log: Log } {
  const cleanUp = new AsyncDisposableStack();
  const log = new RedactingLog((level, message) => {
    if (level === "debug") connection.console.debug(message);
    else connection.console[level](message);
  });
  log.hideSecretsOf(deps.env);
  const initialized: (() => void | Promise<void>)[] = [];
  const guard = createGuard(log);

  const early = connection.onRequest(() => {
    throw new ResponseError(ErrorCodes.ServerNotInitialized, "The first request must be initialize.");
  });
  connection.onInitialize((params) => {
    early.dispose();
    const client = clientFacts(params);
    const documents = new OpenDocuments();
    const settings = new SettingsStore({
      connection,
      asks: client.answersConfiguration,
      initial: client.initialSettings,
      log,
    });
    const host: PluginHost = {
      log,
      env: deps.env,
      storageDir: client.storageDir ?? deps.storageDir,
      projectFacts: (projectDir) => {
        const project = projects.at(projectDir);
        if (!project) throw new DbtConfigurationError(`There is no dbt project in ${projectDir} any more.`);
        return project;
      },
      interpreterOf: async (projectDir) =>
        client.knowsPython ? await connection.sendRequest(pythonInterpreterRequest, { projectDir }) : null,
      ...(client.knowsRemote && {
        askSecret: (key: string) => connection.sendRequest(secretRequest, { key }),
      }),
      confirmTrigger: (question) => confirmTrigger(connection, client, question),
      onStatus: (projectDir, liveStatus, runtime) => {
        const its = projects.at(projectDir)?.status.runtime;
        if (runtime === undefined || its === runtime) projects.live(projectDir, liveStatus);
      },
      onRunsCold: (projectDir) => projects.runsCold(projectDir),
    };
    const registry = createPluginRegistry(
      client.trusted ? deps.plugins(host) : untrusted(deps.plugins(host)),
    );
    const projects = new Projects({
      registry,
      settings,
      env: deps.env,
      homeDir: homedir(),
      environmentOf: (set, workspaceDir) => deps.environmentOf(set, workspaceDir, log),
      log,
      automaticRuntime: (project) =>
        client.trusted ? automaticRuntime(registry, project.ref) : Promise.resolve("local"),
      textOf: (filePath) => documents.textOf(filePath),
    });
    const diagnostics = new DiagnosticsStore({
      connection,
      documents,
      pulls: client.pullsDiagnostics,
      refreshes: client.refreshesDiagnostics,
    });
    const linting = new Linting({
      documents,
      store: diagnostics,
      log,
      projectOf: (filePath) => (client.trusted ? projects.of(filePath) : Promise.resolve(null)),
    });
    const history = new RunHistory(path.join(host.storageDir, "runs"), log);
    const projectRuns = new Runs({
      log,
      history,
      diagnostics: new RunDiagnostics({
        store: diagnostics,
        documents,
        changed: (projectDir, found) => history.saveFound(projectDir, found),
      }),
      onChange(change) {
        void connection.sendNotification(runChangedNotification, change);
        // What ran elsewhere left nothing in target/ that would tell of it.
        const { state, link, request } = change.run;
        if (link !== null && hasEnded(state)) manifests.at(request.projectDir)?.updateLive();
      },
    });
    const manifests = new Manifests({ readerThread: deps.readerThread, log });
    cleanUp.use(registry);
    cleanUp.use(manifests);
    cleanUp.use(linting);
    cleanUp.use(projectRuns);
    const stopping = new AbortController();
    cleanUp.defer(() => stopping.abort());

    const context: ServerContext = {
      connection,
      client,
      documents,
      diagnostics,
      linting,
      projects,
      runs: projectRuns,
      manifests,
      storageDir: host.storageDir,
      definitions: new Definitions((filePath) => documents.textOf(filePath)),
      runtimes: registry.runtimes,
      settings,
      log,
      guard,
      answer: createAnswer(connection, guard),
      stopping: stopping.signal,
      whenInitialized: (action) => initialized.push(action),
    };
    const offered = features.filter(({ readsOnly }) => client.trusted || readsOnly);
    for (const feature of offered) feature.register(context);
    const capabilities = offered.map((feature) => feature.capabilities?.(client) ?? {});
    return {
      capabilities: capabilities.reduce<ServerCapabilities>(
        (all, some) => ({ ...all, ...some, workspace: { ...all.workspace, ...some.workspace } }),
        { positionEncoding: "utf-16" },
      ),
      serverInfo: { name: "Floe dbt", version: deps.version },
    };
  });
  connection.onInitialized(() => {
    for (const action of initialized) guard.event("Starting", action)();
  });
  connection.onShutdown(() => cleanUp.disposeAsync());
  return { log, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() };
}

/** The same runtimes, of which none is ever made. */
function untrusted(plugins: PluginFactories): PluginFactories {
  const refuse = (): never => {
    throw new DbtConfigurationError("This workspace is not trusted, so nothing is started in it.");
  };
  return Object.fromEntries(Object.keys(plugins).map((runtime) => [runtime, refuse]));
}
