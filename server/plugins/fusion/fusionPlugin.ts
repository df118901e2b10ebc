import { createHash } from "node:crypto";
import path from "node:path";
import type { RuntimeMetadata } from "../../../protocol/runtime.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { LiveStatus } from "../../projects/project.ts";
import type { Call, DbtPlugin, ProjectRef, RunSelection } from "../dbtPlugin.ts";
import { DbtCancelledError, DbtEnvironmentError } from "../errors.ts";
import { requireProject } from "../local/localEnvironment.ts";
import { withCapabilities } from "../withCapabilities.ts";
import { fixWithBinary } from "./binaryLint.ts";
import { EngineCheck, type Ready } from "./engineCheck.ts";
import { EngineGlance } from "./engineGlance.ts";
import { lintWithEngine } from "./engineLint.ts";
import { compileNode, previewRows } from "./engineNode.ts";
import { createFusionCommands, type RunVerb } from "./fusionCommands.ts";
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
  /** Lints SQL as SQLFluff does in the project's Python environment, if there is one. Disposed with this plugin. */
  sqlfluff?: DbtPlugin;
}

interface Session {
  /** What is typed. */
  live: EngineCheck;
  /** A first look at what is typed. */
  glance: EngineGlance;
  /** The whole project at once, so that what is typed does not wait for it. */
  whole: EngineCheck;
  linter: string;
  /** The last status of an engine that works. */
  told: LiveStatus | null;
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
  const sessions = new Map<string, Session>();
  /** Aborted by `stop`: what runs for a project ends. */
  const stops = new Map<string, AbortController>();

  function sessionOf(project: ProjectRef): Session {
    const dir = privateDirOf(project);
    const existing = sessions.get(dir);
    if (existing) return existing;
    const made = {
      live: new EngineCheck(path.join(dir, "live"), project.projectDir, log),
      glance: new EngineGlance(path.join(dir, "glance"), project.projectDir, log),
      whole: new EngineCheck(path.join(dir, "whole"), project.projectDir, log),
      linter: "",
      told: null,
    };
    sessions.set(dir, made);
    return made;
  }

  /** A call that also ends when the project is stopped. */
  function stoppable(project: ProjectRef, call: Call): Call {
    const stop = stops.get(project.projectDir) ?? new AbortController();
    stops.set(project.projectDir, stop);
    return { ...call, signal: call.signal ? AbortSignal.any([call.signal, stop.signal]) : stop.signal };
  }

  const tell = (project: ProjectRef, status: LiveStatus): void => deps.onStatus?.(project.projectDir, status);

  /** What the status says of an engine that works. */
  function tellReady(project: ProjectRef, { environment, engine }: Ready, linter: string): void {
    const [problem] = environment.problems;
    const told: LiveStatus = {
      state: problem ? "degraded" : "ready",
      ...(problem && { reason: problem.message }),
      ...(problem?.remedy && { remedy: problem.remedy }),
      versions: {
        [engine.distribution]: engine.version,
        ...(linter !== "" && { "linted by": linter }),
        "dbt path": engine.dbt,
      },
    };
    sessionOf(project).told = told;
    tell(project, told);
  }

  /** The engine and its environment, said in the status. @throws DbtError */
  async function ready(project: ProjectRef, call: Call): Promise<Ready> {
    const session = sessions.get(privateDirOf(project));
    if (!session) tell(project, { state: "starting" });
    const its = await commands.ready(project, call);
    if (!session) tell(project, { state: "parsing" });
    return its;
  }

  /** After the first answer, beside whatever comes next; an edit neither waits for it nor ends it. */
  async function prepareGlance(project: ProjectRef, engine: Ready, { glance }: Session): Promise<void> {
    try {
      await glance.prepare(engine, stoppable(project, {}));
    } catch (error) {
      if (!(error instanceof DbtCancelledError)) {
        log.debug(`Nothing is shown before the whole check in ${project.projectDir}: ${String(error)}`);
      }
    }
  }

  const run = (verb: RunVerb, project: ProjectRef, selection: RunSelection = {}, call: Call = {}) =>
    commands.run(verb, project, selection, stoppable(project, call));

  const plugin: Omit<DbtPlugin, "capabilities"> = {
    runtime: "fusion",
    supportsParallelExecution: () => true,
    supportsSqlLinting: () => true,

    compileProject: (project, call = {}) => commands.compile(project, stoppable(project, call)),
    runModels: (project, selection, call) => run("run", project, selection, call),
    runTests: (project, selection, call) => run("test", project, selection, call),
    build: (project, selection, call) => run("build", project, selection, call),
    seed: (project, selection, call) => run("seed", project, selection, call),
    snapshot: (project, selection, call) => run("snapshot", project, selection, call),
    compileSelection: (project, selection = {}, call = {}) =>
      commands.compileSelection(project, selection, stoppable(project, call)),
    deps: (project, call = {}) => commands.deps(project, stoppable(project, call)),
    listNodes: (project, selection = {}, call = {}) =>
      commands.list(project, selection, stoppable(project, call)),
    getManifest: (project) => commands.artifact(project, "manifest.json"),
    getRunResults: (project) => commands.artifact(project, "run_results.json"),

    async lintProject(project, request = {}, call = {}) {
      await requireProject(project.projectDir);
      const its = stoppable(project, call);
      const engine = await ready(project, its);
      const session = sessionOf(project);
      const isLive = request.paths?.length === 1;
      const result = await lintWithEngine(
        {
          check: isLive ? session.live : session.whole,
          ...(isLive && request.interactive && { glance: session.glance }),
          ready: engine,
          sqlfluff: deps.sqlfluff,
          onChecked: () => tellReady(project, engine, session.linter),
          onLinter: (linter) => {
            session.linter = linter;
          },
        },
        project,
        request,
        its,
      );
      tellReady(project, engine, session.linter);
      if (isLive && request.interactive) void prepareGlance(project, engine, session);
      return result;
    },

    async fixText(project, request, call = {}) {
      await requireProject(project.projectDir);
      const { found } = await environmentOf(project, call.signal);
      if (found.facts?.features.has(request.format ? "format" : "lint")) {
        const its = stoppable(project, call);
        return fixWithBinary(sessionOf(project).live, await ready(project, its), request, its);
      }
      if (!deps.sqlfluff) return { text: null, reason: "there is no SQLFluff for this project" };
      try {
        return await deps.sqlfluff.fixText(project, request, call);
      } catch (error) {
        if (!(error instanceof DbtEnvironmentError)) throw error;
        return { text: null, reason: error.message };
      }
    },

    filesChanged(project, paths) {
      deps.sqlfluff?.filesChanged(project, paths);
      const session = sessions.get(privateDirOf(project));
      if (!session?.told) return;
      // What the engine said of the open files may be otherwise now; they are asked for again.
      tell(project, { ...session.told, state: "parsing" });
      tell(project, session.told);
    },

    async compileNode(project, request, call = {}) {
      const its = stoppable(project, call);
      return compileNode(sessionOf(project).live, await commands.ready(project, its), request, its);
    },

    async preview(project, request, call = {}) {
      const its = stoppable(project, call);
      return previewRows(sessionOf(project).live, await commands.ready(project, its), request, its);
    },

    async manifestUpdate(project, since, call = {}) {
      return commands.manifestUpdate(project, since, stoppable(project, call));
    },

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
      stops.get(project.projectDir)?.abort();
      stops.delete(project.projectDir);
      await Promise.all([commands.drained(project), deps.sqlfluff?.stop(project)]);
      sessions.delete(privateDirOf(project));
    },

    async [Symbol.asyncDispose]() {
      for (const stop of stops.values()) stop.abort();
      await Promise.all([commands.allDrained(), deps.sqlfluff?.[Symbol.asyncDispose]()]);
      await Promise.all(
        [...sessions.values()].flatMap(({ live, glance, whole }) => [
          live.idle(),
          glance.idle(),
          whole.idle(),
        ]),
      );
      sessions.clear();
    },
  };
  return withCapabilities(plugin, ["fixText", "lintUnsaved", "checkProject"]);
}
