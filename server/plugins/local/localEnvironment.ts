import { access } from "node:fs/promises";
import path from "node:path";
import { loadProjectConfig, type ProjectConfig } from "../../config/projectConfig.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { ProjectRef } from "../dbtPlugin.ts";
import { DbtConfigurationError, DbtEnvironmentError } from "../errors.ts";
import { dbtEnvironment } from "./envFile.ts";
import { environmentProblems, type EnvironmentProblem, type Wanted } from "./environmentProblems.ts";
import { findEnvironment, type ExplicitPython, type FoundEnvironment } from "./findEnvironment.ts";
import type { Probe, PythonFacts } from "./probePython.ts";

/** What settings and manifest.yaml say for one project. Paths are absolute; empty and null mean "not said". */
export interface LocalSettings {
  /** Setting floeDbt.python.path. */
  pythonPath?: string | null | undefined;
  /** Setting floeDbt.envFile. */
  envFile?: string | null | undefined;
  /** Setting floeDbt.lint.timeLimit. */
  timeLimitSeconds: number;
  /** Setting floeDbt.worker.idleMinutes. */
  idleMinutes: number;
  /** manifest.yaml, plugins.dbt_runtime_config.local. */
  wanted?:
    | {
        python?: string | null | undefined;
        dbtVersion?: string | null | undefined;
        pythonVersion?: string | null | undefined;
      }
    | undefined;
}

export interface LocalEnvironment {
  settings: LocalSettings;
  /** What dbt's processes get. */
  env: NodeJS.ProcessEnv;
  config: ProjectConfig;
  found: FoundEnvironment;
  problems: EnvironmentProblem[];
}

export interface LocalEnvironmentDeps {
  log: RedactingLog;
  env: NodeJS.ProcessEnv;
  probe: Probe;
  settingsOf: (projectDir: string) => Promise<LocalSettings>;
  interpreterOf?: ((projectDir: string) => Promise<string | null>) | undefined;
}

/**
 * Finds out, anew each time, what a project would run with. What is wrong is in `problems`, not thrown.
 * @throws DbtConfigurationError if there is no project in the folder
 */
export async function localEnvironment(
  project: ProjectRef,
  deps: LocalEnvironmentDeps,
  signal?: AbortSignal,
): Promise<LocalEnvironment> {
  const { projectDir, workspaceDir } = project;
  await requireProject(projectDir);
  const settings = await deps.settingsOf(projectDir);
  const env = await dbtEnvironment(settings.envFile ?? undefined, deps.env, deps.log);
  const { interpreterOf } = deps;
  const [config, found] = await Promise.all([
    configOf(project, env),
    findEnvironment(
      explicitPython(settings),
      {
        projectDir,
        workspaceDir,
        env: deps.env,
        log: deps.log,
        signal,
        ...(interpreterOf && { interpreter: () => interpreterOf(projectDir) }),
      },
      deps.probe,
    ),
  ]);
  const problems = environmentProblems(found, config.profile.adapterType, wantedVersions(settings));
  return { settings, env, config, found, problems };
}

/** @throws DbtConfigurationError */
export async function requireProject(projectDir: string): Promise<void> {
  const filePath = path.join(projectDir, "dbt_project.yml");
  try {
    await access(filePath);
  } catch {
    throw new DbtConfigurationError(`There is no dbt project in ${projectDir}: it has no dbt_project.yml.`);
  }
}

export async function configOf(project: ProjectRef, env: NodeJS.ProcessEnv): Promise<ProjectConfig> {
  return loadProjectConfig(project.projectDir, {
    workspaceDir: project.workspaceDir ?? project.projectDir,
    settings: { runtime: "local", target: project.target ?? "", profilesDir: project.profilesDir ?? "" },
    env,
  });
}

/**
 * The Python to use for one kind of work.
 * @throws DbtEnvironmentError if that cannot be done with this environment; the message says why and the remedy what to do
 */
export function requirePython(
  { found, problems }: Pick<LocalEnvironment, "found" | "problems">,
  work: "dbt" | "linting or dbt",
): PythonFacts {
  const stopsDbt = problems.find((each) => each.stopsDbt);
  const stopsLinting = problems.find((each) => each.stopsLinting);
  const problem = work === "dbt" ? stopsDbt : stopsDbt && stopsLinting;
  if (problem) throw new DbtEnvironmentError(problem.message, { remedy: problem.remedy });
  if (!found.facts) throw new DbtEnvironmentError("No Python was found for this project.");
  return found.facts;
}

function explicitPython({ pythonPath, wanted }: LocalSettings): ExplicitPython | null {
  if (pythonPath) return { python: pythonPath, by: "setting floeDbt.python.path" };
  if (wanted?.python) return { python: wanted.python, by: "manifest.yaml (local.python)" };
  return null;
}

function wantedVersions({ wanted }: LocalSettings): Wanted {
  return { dbtVersion: wanted?.dbtVersion ?? undefined, pythonVersion: wanted?.pythonVersion ?? undefined };
}
