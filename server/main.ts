import { homedir } from "node:os";
import path from "node:path";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import packageJson from "../package.json" with { type: "json" };
import { readArtifact } from "./manifest/artifactReader.ts";
import { defaultStorageDir } from "./platform/storage.ts";
import type { DbtPlugin } from "./plugins/dbtPlugin.ts";
import { createFusionPlugin, type FusionSettings } from "./plugins/fusion/fusionPlugin.ts";
import { createCloudRuntime } from "./plugins/cloud/cloudRuntime.ts";
import { createLocalPlugin, type LocalPluginDeps, type LocalSettings } from "./plugins/local/localPlugin.ts";
import { dbtEnvironment } from "./plugins/local/envFile.ts";
import { enginePathOf, envFileOf, type PathContext, pythonPathOf } from "./projects/settingPaths.ts";
import { createServer, type PluginHost } from "./server.ts";

const usage = `floe-dbt language server ${packageJson.version}
Usage: node server.js --stdio | --node-ipc | --socket=PORT | --pipe=NAME
`;
const transports = ["--stdio", "--node-ipc", "--socket", "--pipe"];

if (process.argv.slice(2).some((argument) => transports.includes(argument.split("=")[0] ?? ""))) {
  serve();
} else {
  // Nobody speaks the protocol on the other side, so this is for a person.
  process.stderr.write(usage);
  process.exitCode = 2;
}

/** The connection ends this process with its client: when the stream closes, on `exit`, or when the parent has died. */
function serve(): void {
  const readerThread = path.join(__dirname, "artifactReader.js");
  const connection = createConnection(ProposedFeatures.all);
  const { log } = createServer(connection, {
    env: process.env,
    version: packageJson.version,
    storageDir: defaultStorageDir(process.env),
    environmentOf: (settings, workspaceDir, log) =>
      dbtEnvironment(envFileOf(settings, pathContext(workspaceDir)), process.env, log),
    readerThread,
    plugins: (host) => ({
      cloud: () =>
        createCloudRuntime({
          log: host.log,
          env: host.env,
          storageDir: host.storageDir,
          version: packageJson.version,
          readManifest: (file, onParts, signal) =>
            readArtifact("manifest", file, { thread: readerThread, onParts, signal }),
          configOf: (projectDir) => {
            const { settings, config } = host.projectFacts(projectDir);
            return {
              config: config.runtimeConfig.cloud,
              commit: settings["cloud.commit"],
              ask: settings["cloud.ask"],
              noCache: Boolean(host.env["FLOE_DISABLE_CACHE"]),
            };
          },
          ...(host.askSecret && { askSecret: host.askSecret }),
          confirm: (question) => host.confirmTrigger(question),
          // A worker of its own: how it is, is not how the project is.
          linter: localPlugin(host),
        }),
      local: () =>
        localPlugin(host, {
          onStatus: (projectDir, status) => host.onStatus(projectDir, status, "local"),
          onRunsCold: (projectDir) => host.onRunsCold(projectDir),
        }),
      fusion: () =>
        createFusionPlugin({
          log: host.log,
          env: host.env,
          storageDir: host.storageDir,
          settingsOf: (projectDir) => Promise.resolve(fusionSettings(host, projectDir)),
          interpreterOf: (projectDir) => host.interpreterOf(projectDir),
          onStatus: (projectDir, status) => host.onStatus(projectDir, status, "fusion"),
          // A worker of its own: how it is, is not how the project is.
          sqlfluff: localPlugin(host),
        }),
    }),
  });
  // A mistake of ours in some handler must not take the editor's diagnostics away: it is logged, without secrets, and the server goes on.
  const mistake = (reason: unknown): void =>
    log.error(
      `A mistake in Floe dbt: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`,
    );
  process.on("uncaughtException", mistake);
  process.on("unhandledRejection", mistake);
  connection.listen();
}

function localPlugin(
  host: PluginHost,
  told: Pick<LocalPluginDeps, "onStatus" | "onRunsCold"> = {},
): DbtPlugin {
  return createLocalPlugin({
    log: host.log,
    env: host.env,
    storageDir: host.storageDir,
    workerDir: path.join(__dirname, "..", "worker"),
    settingsOf: (projectDir) => Promise.resolve(localSettings(host, projectDir)),
    interpreterOf: (projectDir) => host.interpreterOf(projectDir),
    ...told,
  });
}

function fusionSettings(host: PluginHost, projectDir: string): FusionSettings {
  const { settings, config } = host.projectFacts(projectDir);
  const context = pathContext(config.workspaceDir);
  const enginePath = enginePathOf(settings, context);
  const envFile = envFileOf(settings, context);
  const wanted = config.runtimeConfig.fusion;
  return {
    ...(enginePath !== undefined && { enginePath }),
    ...(envFile !== undefined && { envFile }),
    ...(wanted && { wanted }),
  };
}

function localSettings(host: PluginHost, projectDir: string): LocalSettings {
  const { settings, config } = host.projectFacts(projectDir);
  const context = pathContext(config.workspaceDir);
  const pythonPath = pythonPathOf(settings, context);
  const envFile = envFileOf(settings, context);
  const wanted = config.runtimeConfig.local;
  return {
    timeLimitSeconds: settings["lint.timeLimit"],
    idleMinutes: settings["worker.idleMinutes"],
    ...(pythonPath !== undefined && { pythonPath }),
    ...(envFile !== undefined && { envFile }),
    ...(wanted && { wanted }),
  };
}

function pathContext(workspaceDir: string): PathContext {
  return { workspaceDir, homeDir: homedir(), env: process.env };
}
