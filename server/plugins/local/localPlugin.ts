import path from "node:path";
import type { RuntimeMetadata } from "../../../protocol/runtime.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { DbtPlugin, ProjectRef } from "../dbtPlugin.ts";
import type { ProjectConfig } from "../../config/projectConfig.ts";
import { adapterPackage, type EnvironmentProblem } from "./environmentProblems.ts";
import { environmentReport } from "./environmentReport.ts";
import { dbtEnvironment } from "./envFile.ts";
import { DbtCompilationError } from "../errors.ts";
import { installPackages, saysPackagesAreMissing } from "../missingPackages.ts";
import { withCapabilities } from "../withCapabilities.ts";
import { DbtRunner, type RunnerLaunch } from "./dbtRunner.ts";
import { createLocalCommands } from "./localCommands.ts";
import {
  configOf,
  localEnvironment,
  requireProject,
  requirePython,
  type LocalEnvironment,
  type LocalSettings,
} from "./localEnvironment.ts";
import { projectIssues, withIssues } from "./projectIssues.ts";
import { privateDirIn, runnerDirIn } from "./privateDir.ts";
import { createProbe } from "./probePython.ts";
import { setUpEnvironment } from "./setUpEnvironment.ts";
import { lintWithSqlfluff } from "./sqlfluffLint.ts";
import { WorkerSupervisor, type Limits, type WorkerLaunch, type WorkerStatus } from "./workerSupervisor.ts";

export type { LocalSettings } from "./localEnvironment.ts";

export interface LocalPluginDeps {
  log: RedactingLog;
  /** Caches and private target paths go to a folder in here, one for each project and target. */
  storageDir: string;
  /** Folder that holds the Python package floe_dbt_worker. */
  workerDir: string;
  /** What settings and manifest.yaml say for this project; asked again before every start. */
  settingsOf: (projectDir: string) => Promise<LocalSettings>;
  /** Interpreter chosen in another extension, or null. */
  interpreterOf?: (projectDir: string) => Promise<string | null>;
  env: NodeJS.ProcessEnv;
  /** How a project is, whenever that changes; also outside of calls. */
  onStatus?: (projectDir: string, status: WorkerStatus) => void;
  /** A cancel ended what `prepareRuns` had got ready. */
  onRunsCold?: (projectDir: string) => void;
}

/** Memory that must be free for dbt to be kept ready unasked: several times what the process takes (docs/performance.md). */
const runnerNeedsBytes = 1_000_000_000;

/** Files that say which profile, and so which adapter, a project has. */
const namesAdapter: ReadonlySet<string> = new Set(["dbt_project.yml", "profiles.yml"]);

/** How a problem of the environment shows in the status of a project that works in spite of it. */
function limitsOf(
  { code, severity, message, remedy, stopsLinting }: EnvironmentProblem,
  { profile }: ProjectConfig,
): Limits {
  const { filePath, adapterTypeRange } = profile;
  const degraded = severity === "error";
  return {
    reason: message,
    remedy,
    degraded,
    stopsLinting,
    // Whoever has no SQLFluff is told by dbt what is wrong with the project.
    explains: !stopsLinting && (degraded || code === "noTemplater"),
    ...(code === "noAdapter" &&
      filePath !== null &&
      adapterTypeRange && { place: { filePath, line: adapterTypeRange.start.line + 1 } }),
  };
}

interface Session {
  /** As it was last given: a worker that starts takes it from here. */
  project: ProjectRef;
  worker: WorkerSupervisor;
}

/** dbt-core in the project's own Python, linted by SQLFluff. Nothing is started until something is asked for. */
export function createLocalPlugin(deps: LocalPluginDeps): DbtPlugin {
  const { log } = deps;
  const probe = createProbe({ log, env: deps.env });
  const sessions = new Map<string, Session>();
  /** By project folder. */
  const runners = new Map<string, DbtRunner>();
  let isDisposed = false;

  const environmentOf = (project: ProjectRef, signal?: AbortSignal) =>
    localEnvironment(
      project,
      { log, env: deps.env, probe, settingsOf: deps.settingsOf, interpreterOf: deps.interpreterOf },
      signal,
    );

  const privateDirOf = (project: ProjectRef): string => privateDirIn(deps.storageDir, project);

  /** The worst that is wrong with an environment, where something is. */
  function limitsIn({ problems, config }: LocalEnvironment): Limits | undefined {
    const problem = problems.find(({ severity }) => severity === "error") ?? problems[0];
    return problem && limitsOf(problem, config);
  }

  async function launch(project: ProjectRef): Promise<WorkerLaunch> {
    const environment = await environmentOf(project);
    const { python } = requirePython(environment, "linting or dbt");
    const { settings, env } = environment;
    const limits = limitsIn(environment);
    return {
      command: {
        file: python,
        args: ["-u", "-X", "utf8", path.join(deps.workerDir, "floe_dbt_worker")],
        cwd: project.projectDir,
        env,
        label: `Python worker for ${project.projectDir}`,
      },
      initialize: {
        projectDir: project.projectDir,
        profilesDir: project.profilesDir,
        target: project.target,
        workspaceDir: project.workspaceDir,
        privateDir: privateDirOf(project),
        adapterType: project.adapterType,
      },
      timeLimitSeconds: settings.timeLimitSeconds,
      idleMinutes: settings.idleMinutes,
      ...(limits && { limits }),
    };
  }

  const currentConfig = async (project: ProjectRef): Promise<ProjectConfig> => {
    const { envFile } = await deps.settingsOf(project.projectDir);
    return configOf(project, await dbtEnvironment(envFile ?? undefined, deps.env, log));
  };

  const existingSession = (project: ProjectRef): Session | undefined => sessions.get(privateDirOf(project));

  function sessionOf(project: ProjectRef): Session {
    const existing = existingSession(project);
    if (existing) {
      existing.project = project;
      return existing;
    }
    const worker = new WorkerSupervisor({
      log,
      launch: () => launch(session.project),
      onStatus: (status) => deps.onStatus?.(project.projectDir, withInstall(status, project.projectDir)),
    });
    const session: Session = { project, worker };
    sessions.set(privateDirOf(project), session);
    return session;
  }

  /** A worker that runs has the variables, and the adapter, of when it started. */
  async function settleIn({ project, worker }: Session, changed: readonly string[]): Promise<void> {
    const { envFile } = await deps.settingsOf(project.projectDir);
    if (envFile && changed.includes(envFile)) {
      await worker.stop();
    } else if (changed.some((file) => namesAdapter.has(path.basename(file)))) {
      worker.environmentChanged(limitsIn(await environmentOf(project)));
    }
  }

  function isCold(projectDir: string): void {
    log.debug(`The dbt that was ready for runs of ${projectDir} ended with what was cancelled.`);
    deps.onRunsCold?.(projectDir);
  }

  function runnerOf({ projectDir }: ProjectRef): DbtRunner {
    const runner = runners.get(projectDir) ?? new DbtRunner(log, () => isCold(projectDir));
    runners.set(projectDir, runner);
    return runner;
  }

  /** The process for a project's commands: whatever their target, so that there is one. */
  function runnerLaunch(project: ProjectRef, environment: LocalEnvironment): RunnerLaunch {
    const { found, env, settings } = environment;
    const { projectDir } = project;
    const python = requirePython(environment, "dbt").python;
    return {
      command: {
        file: python,
        args: ["-u", "-X", "utf8", path.join(deps.workerDir, "floe_dbt_worker"), "runner"],
        cwd: projectDir,
        env,
        label: `Python runner for ${projectDir}`,
      },
      key: JSON.stringify([python, found.facts?.versions, Object.entries(env).sort()]),
      projectDir,
      privateDir: runnerDirIn(deps.storageDir, projectDir),
      headStart: privateDirOf(project),
      idleMinutes: settings.idleMinutes,
    };
  }

  const commands = createLocalCommands({
    log,
    environmentOf,
    async targetDirOf(project) {
      await requireProject(project.projectDir);
      return (await currentConfig(project)).paths.target;
    },
    privateDirOf,
    runnerOf,
    runnerLaunch,
  });

  const plugin: Omit<DbtPlugin, "capabilities"> = {
    runtime: "local",
    supportsParallelExecution: () => false,
    supportsSqlLinting: () => true,

    compileProject: (project, call = {}) => commands.compile(project, call),
    runModels: (project, selection = {}, call = {}) => commands.run("run", project, selection, call),
    runTests: (project, selection = {}, call = {}) => commands.run("test", project, selection, call),
    build: (project, selection = {}, call = {}) => commands.run("build", project, selection, call),
    seed: (project, selection = {}, call = {}) => commands.run("seed", project, selection, call),
    snapshot: (project, selection = {}, call = {}) => commands.run("snapshot", project, selection, call),
    compileSelection: (project, selection = {}, call = {}) =>
      commands.run("compile", project, selection, call),
    deps: (project, call = {}) => commands.deps(project, call),
    listNodes: (project, selection = {}, call = {}) => commands.list(project, selection, call),
    async compileNode(project, { path: filePath, text, fragment }, call = {}) {
      await requireProject(project.projectDir);
      const { sql, uniqueId, name, error } = await sessionOf(project).worker.request(
        "compile",
        {
          path: filePath,
          ...(text !== undefined && { text }),
          ...(fragment !== undefined && { fragment }),
        },
        { signal: call.signal },
      );
      return {
        sql,
        uniqueId,
        name,
        error: error && { ...error, message: log.redactValues(error.message) },
      };
    },
    async preview(project, { path: filePath, text, fragment, limit }, call = {}) {
      await requireProject(project.projectDir);
      const { sql, query, error } = await sessionOf(project).worker.request(
        "compile",
        {
          path: filePath,
          ...(text !== undefined && { text }),
          ...(fragment !== undefined && { fragment }),
          limit,
        },
        { signal: call.signal },
      );
      if (sql === null || typeof query !== "string") {
        throw new DbtCompilationError(log.redactValues(error?.message ?? "The query does not compile."), {
          filePath,
          ...(typeof error?.line === "number" && { line: error.line }),
        });
      }
      return { ...(await commands.query(project, query, limit, call)), sql: query };
    },
    async prepareRuns(project) {
      const environment = await environmentOf(project);
      const free = process.availableMemory();
      if (free < runnerNeedsBytes) {
        log.info(`No dbt is kept ready for ${project.projectDir}: ${Math.round(free / 1e6)} MB are free.`);
      } else if (!isDisposed) await commands.prepare(project, environment);
    },
    async manifestUpdate(project, since, call = {}) {
      await requireProject(project.projectDir);
      return sessionOf(project).worker.request("manifest", { since }, { signal: call.signal });
    },
    getManifest: (project) => commands.artifact(project, "manifest.json"),
    getRunResults: (project) => commands.artifact(project, "run_results.json"),

    async lintProject(project, request = {}, call = {}) {
      await requireProject(project.projectDir);
      const { worker } = sessionOf(project);
      const result = await lintWithSqlfluff(worker, request, call, (text) => log.redactValues(text));
      if (!worker.shortcoming) return result;
      const { problems } = await currentConfig(project);
      return withIssues(result, projectIssues(project.projectDir, worker.shortcoming, problems));
    },

    async fixText(project, { path: filePath, text, rules, format }, call = {}) {
      await requireProject(project.projectDir);
      const fixed = await sessionOf(project).worker.request(
        "fix",
        {
          path: filePath,
          ...(text !== undefined && { text }),
          ...(rules && { rules: [...rules] }),
          ...(format !== undefined && { format }),
        },
        { signal: call.signal, needsLinter: true },
      );
      return { text: fixed.text, ...(typeof fixed.reason === "string" && { reason: fixed.reason }) };
    },

    filesChanged(project, paths) {
      runners.get(project.projectDir)?.filesChanged(paths);
      const session = existingSession(project);
      if (!session) return;
      session.worker.filesChanged(paths);
      settleIn(session, paths).catch((error: unknown) =>
        log.debug(`The environment of ${project.projectDir} cannot be looked at: ${String(error)}`),
      );
    },

    async inspect(project, call = {}) {
      const environment = await environmentOf(project, call.signal);
      return environmentReport(project, environment, existingSession(project)?.worker, privateDirOf(project));
    },

    async getRuntimeMetadata(project, call = {}): Promise<RuntimeMetadata> {
      try {
        const { found, config } = await environmentOf(project, call.signal);
        const versions = found.facts?.versions ?? {};
        const type = config.profile.adapterType;
        const adapter = type === null ? null : adapterPackage(type);
        return {
          type: "local",
          dbtVersion: versions["dbt-core"] ?? null,
          adapter: adapter === null ? null : [adapter, versions[adapter]].filter(Boolean).join(" "),
          details: {
            pythonVersion: versions.python ?? null,
            python: found.facts?.python ?? null,
            sqlfluffVersion: versions.sqlfluff ?? null,
          },
        };
      } catch (error) {
        log.debug(`What runs in ${project.projectDir} is not known: ${String(error)}`);
        return { type: "local", dbtVersion: null, adapter: null, details: {} };
      }
    },

    async setUpEnvironment(project, adapterType, call = {}) {
      await requireProject(project.projectDir);
      const { wanted } = await deps.settingsOf(project.projectDir);
      const made = await setUpEnvironment(
        {
          folder: path.join(project.projectDir, ".venv"),
          adapterType,
          dbtVersion: wanted?.dbtVersion ?? undefined,
          pythonVersion: wanted?.pythonVersion ?? undefined,
        },
        { log, env: deps.env, probe },
        call,
      );
      await existingSession(project)?.worker.stop();
      return made;
    },

    async stop(project) {
      await Promise.all([existingSession(project)?.worker.stop(), runners.get(project.projectDir)?.stop()]);
    },

    async [Symbol.asyncDispose]() {
      isDisposed = true;
      await Promise.all([
        ...[...sessions.values()].map(({ worker }) => worker.stop()),
        ...[...runners.values()].map((runner) => runner.stop()),
      ]);
      sessions.clear();
      runners.clear();
    },
  };
  return withCapabilities(plugin, ["fixText", "lintUnsaved"]);
}

/** A project that lacks its packages is read once they are installed. */
function withInstall(status: WorkerStatus, projectDir: string): WorkerStatus {
  if (status.remedy || status.reason === undefined || !saysPackagesAreMissing(status.reason)) return status;
  return { ...status, remedy: installPackages(projectDir) };
}
