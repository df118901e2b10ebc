import { homedir } from "node:os";
import type { Remedy } from "../../../protocol/runtime.ts";
import { loadProjectConfig, type ProjectConfig } from "../../config/projectConfig.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { ProjectRef } from "../dbtPlugin.ts";
import { DbtEnvironmentError } from "../errors.ts";
import { dbtEnvironment } from "../local/envFile.ts";
import { requireProject } from "../local/localEnvironment.ts";
import { findEngine, type ExplicitEngine, type FoundEngine } from "./findEngine.ts";
import type { EngineFacts, ProbeEngine } from "./probeEngine.ts";

/** What settings and manifest.yaml say for one project. Paths are absolute; empty and null mean "not said". */
export interface FusionSettings {
  /** Setting floeDbt.fusion.path. */
  enginePath?: string | null | undefined;
  /** Setting floeDbt.envFile. */
  envFile?: string | null | undefined;
  /** manifest.yaml, plugins.dbt_runtime_config.fusion. */
  wanted?: { path?: string | null | undefined; version?: string | null | undefined } | undefined;
}

export interface FusionEnvironment {
  settings: FusionSettings;
  /** What the engine's processes get. */
  env: NodeJS.ProcessEnv;
  config: ProjectConfig;
  found: FoundEngine;
  problems: EngineProblem[];
}

export interface EngineProblem {
  severity: "error" | "warning";
  message: string;
  remedy?: Remedy;
}

export interface FusionEnvironmentDeps {
  log: RedactingLog;
  env: NodeJS.ProcessEnv;
  probe: ProbeEngine;
  settingsOf: (projectDir: string) => Promise<FusionSettings>;
  /** Interpreter of the project's Python environment chosen in another extension, or null. */
  interpreterOf?: ((projectDir: string) => Promise<string | null>) | undefined;
  homeDir?: string | undefined;
}

/**
 * Finds out, anew each time, what a project would run with. What is wrong is in `problems`, not thrown.
 * @throws DbtConfigurationError if there is no project in the folder
 */
export async function fusionEnvironment(
  project: ProjectRef,
  deps: FusionEnvironmentDeps,
  signal?: AbortSignal,
): Promise<FusionEnvironment> {
  const { projectDir, workspaceDir } = project;
  await requireProject(projectDir);
  const settings = await deps.settingsOf(projectDir);
  const env = await dbtEnvironment(settings.envFile ?? undefined, deps.env, deps.log);
  const interpreter = (await deps.interpreterOf?.(projectDir)) ?? null;
  const homeDir = deps.homeDir ?? deps.env.HOME ?? homedir();
  const [config, found] = await Promise.all([
    fusionConfig(project, env),
    findEngine(
      explicitEngine(settings),
      { projectDir, workspaceDir, homeDir, env: deps.env, interpreter },
      deps.probe,
      signal,
    ),
  ]);
  return { settings, env, config, found, problems: engineProblems(found, settings) };
}

export async function fusionConfig(project: ProjectRef, env: NodeJS.ProcessEnv): Promise<ProjectConfig> {
  return loadProjectConfig(project.projectDir, {
    workspaceDir: project.workspaceDir ?? project.projectDir,
    settings: { runtime: "fusion", target: project.target ?? "", profilesDir: project.profilesDir ?? "" },
    env,
  });
}

/** @throws DbtEnvironmentError where there is no engine; the message says where it was looked for and how to get one */
export function requireEngine({ found, problems }: FusionEnvironment): EngineFacts {
  if (found.facts) return found.facts;
  const [problem] = problems;
  throw new DbtEnvironmentError(problem?.message ?? "There is no dbt v2 engine.", {
    remedy: problem?.remedy ?? engineSettingRemedy,
  });
}

export const engineSettingRemedy: Remedy = {
  title: "Choose the dbt v2 engine",
  command: "floeDbt.openSettings",
  arguments: ["floeDbt.fusion.path"],
};

function engineProblems(found: FoundEngine, { wanted }: FusionSettings): EngineProblem[] {
  if (found.explicitFailure) {
    const { by, dbt, why } = found.explicitFailure;
    const message = `${dbt}, which ${by} names, ${why}.`;
    return [{ severity: "error", message, remedy: engineSettingRemedy }];
  }
  if (!found.facts) return [{ severity: "error", message: notFound(found), remedy: engineSettingRemedy }];
  const { version } = found.facts;
  const expected = wanted?.version ?? null;
  if (expected === null || sameVersion(version, expected)) return [];
  return [
    {
      severity: "warning",
      message: `manifest.yaml expects dbt ${expected} (fusion.version), and ${found.facts.dbt} is ${version}.`,
      remedy: engineSettingRemedy,
    },
  ];
}

function notFound({ searched }: FoundEngine): string {
  const others = searched.filter(({ found }) => found !== null).map(({ found }) => found);
  const seen = others.length === 0 ? "" : ` Found and not taken: ${others.slice(0, 3).join("; ")}.`;
  return (
    "No dbt v2 engine (dbtf or dbt) was found in the project's Python environment, ~/.local/bin, the usual folders or on PATH." +
    `${seen} Install it with "pip install dbt" in the project's virtual environment, or name it in floeDbt.fusion.path.`
  );
}

/** "2.0" is any 2.0; "2.0.0-alpha.4" and Python's "2.0.0a4" are one. */
function sameVersion(version: string, expected: string): boolean {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[-.]?(alpha|a)[-.]?/, "a")
      .replace(/[-.]?(beta|b)[-.]?/, "b")
      .replace(/[-.]?(preview|rc)[-.]?/, "rc");
  const [is, want] = [plain(version), plain(expected)];
  return is === want || is.startsWith(`${want}.`);
}

function explicitEngine({ enginePath, wanted }: FusionSettings): ExplicitEngine | null {
  if (enginePath) return { dbt: enginePath, by: "setting floeDbt.fusion.path" };
  if (wanted?.path) return { dbt: wanted.path, by: "manifest.yaml (fusion.path)" };
  return null;
}
