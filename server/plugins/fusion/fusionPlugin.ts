import { createHash } from "node:crypto";
import path from "node:path";
import type { RuntimeMetadata } from "../../../protocol/runtime.ts";
import { projectLintResult } from "../../../protocol/lint.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { LiveStatus } from "../../projects/project.ts";
import type { DbtPlugin, ProjectRef } from "../dbtPlugin.ts";
import { requireProject } from "../local/localEnvironment.ts";
import { createFusionCommands } from "./fusionCommands.ts";
import { engineReport } from "./engineReport.ts";
import { fusionEnvironment, type FusionSettings } from "./fusionEnvironment.ts";
import { createEngineProbe } from "./probeEngine.ts";

export type { FusionSettings } from "./fusionEnvironment.ts";

export interface FusionPluginDeps {
  log: RedactingLog;
  /** Caches and private target paths go to a folder in here, one for each project and target. */
  storageDir: string;
  /** What settings and manifest.yaml say for this project; asked again before every start. */
  settingsOf: (projectDir: string) => Promise<FusionSettings>;
  /** Interpreter of the project's Python environment, or null. */
  interpreterOf?: (projectDir: string) => Promise<string | null>;
  env: NodeJS.ProcessEnv;
  homeDir?: string;
  /** How a project is, whenever that changes; also outside of calls. */
  onStatus?: (projectDir: string, status: LiveStatus) => void;
}

/** The dbt v2 engine, over its command line. Nothing is started until something is asked for. */
export function createFusionPlugin(deps: FusionPluginDeps): DbtPlugin {
  const { log } = deps;
  const probe = createEngineProbe({ log, env: deps.env });
  const environmentOf = (project: ProjectRef, signal?: AbortSignal) =>
    fusionEnvironment(
      project,
      {
        log,
        env: deps.env,
        probe,
        settingsOf: deps.settingsOf,
        interpreterOf: deps.interpreterOf,
        homeDir: deps.homeDir,
      },
      signal,
    );
  const privateDirOf = (project: ProjectRef): string => {
    const key = JSON.stringify([
      "fusion",
      project.projectDir,
      project.target ?? "",
      project.profilesDir ?? "",
    ]);
    return path.join(deps.storageDir, createHash("sha256").update(key).digest("hex").slice(0, 16));
  };
  const commands = createFusionCommands({ log, environmentOf, privateDirOf });

  return {
    runtime: "fusion",
    capabilities: new Set(["build", "seed", "snapshot", "compileSelection", "deps", "listNodes"]),
    supportsParallelExecution: () => true,
    supportsSqlLinting: () => true,

    compileProject: (project, call = {}) => commands.compile(project, call),
    runModels: (project, selection = {}, call = {}) => commands.run("run", project, selection, call),
    runTests: (project, selection = {}, call = {}) => commands.run("test", project, selection, call),
    build: (project, selection = {}, call = {}) => commands.run("build", project, selection, call),
    seed: (project, selection = {}, call = {}) => commands.run("seed", project, selection, call),
    snapshot: (project, selection = {}, call = {}) => commands.run("snapshot", project, selection, call),
    compileSelection: (project, selection = {}, call = {}) =>
      commands.compileSelection(project, selection, call),
    deps: (project, call = {}) => commands.deps(project, call),
    listNodes: (project, selection = {}, call = {}) => commands.list(project, selection, call),
    getManifest: (project) => commands.artifact(project, "manifest.json"),
    getRunResults: (project) => commands.artifact(project, "run_results.json"),

    async lintProject(project, _request = {}, call = {}) {
      await requireProject(project.projectDir);
      await commands.ready(project, call);
      return projectLintResult([], { linted: [] });
    },

    async fixText() {
      return Promise.resolve({ text: null, reason: "the engine mends nothing" });
    },

    filesChanged() {},

    async inspect(project, call = {}) {
      return engineReport(await environmentOf(project, call.signal), privateDirOf(project));
    },

    async getRuntimeMetadata(project, call = {}): Promise<RuntimeMetadata> {
      try {
        const { found, config } = await environmentOf(project, call.signal);
        return {
          type: "fusion",
          dbtVersion: found.facts?.version ?? null,
          adapter: config.profile.adapterType,
          details: {
            engine: found.facts?.dbt ?? null,
            distribution: found.facts?.distribution ?? null,
            features: found.facts ? [...found.facts.features].join(" ") : null,
          },
        };
      } catch (error) {
        log.debug(`What runs in ${project.projectDir} is not known: ${String(error)}`);
        return { type: "fusion", dbtVersion: null, adapter: null, details: {} };
      }
    },

    async stop(project) {
      await commands.drained(project);
    },

    async [Symbol.asyncDispose]() {
      // Nothing lives longer than the call that started it.
    },
  };
}
