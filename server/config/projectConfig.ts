import os from "node:os";
import path from "node:path";
import type { Settings } from "../../protocol/settings.ts";
import type { ConfigProblem } from "./configProblem.ts";
import { createConfigReader } from "./configReader.ts";
import { readDbtProject, type ProjectPaths } from "./dbtProjectFile.ts";
import { findFloeFiles } from "./findFloeFiles.ts";
import { findProfiles } from "./findProfiles.ts";
import { missingForRuntime, readManifest, type RuntimeConfig } from "./manifestFile.ts";
import { packageFileProblems } from "./packageFiles.ts";
import { readSelectors, type NamedSelector } from "./selectorsFile.ts";
import { readProfile, type Profile } from "./profile.ts";
import { resolveRuntime, type ResolvedRuntime } from "./resolveRuntime.ts";
import type { Transform } from "./specFile.ts";
import { isInside } from "../platform/paths.ts";

/** Everything the configuration files say about one dbt project. All paths are absolute. */
export interface ProjectConfig {
  projectDir: string;
  workspaceDir: string;
  /** The project's name; its folder's where dbt_project.yml has none. */
  name: string;
  version: string | null;
  /** Version ranges, such as ">=1.8.0"; empty where any will do. */
  requireDbtVersion: string[];
  vars: Record<string, unknown>;
  paths: ProjectPaths;
  profile: Profile;
  runtime: ResolvedRuntime;
  runtimeConfig: RuntimeConfig;
  /** The floe.yaml that counts for this project, and the name it gives to what it describes. */
  floe: { filePath: string; name: string | null } | null;
  /** floe's manifest.yaml, where there is one. */
  manifestPath: string | null;
  /** Empty where there is no floe.yaml. */
  transforms: Transform[];
  /** The selections that selectors.yml names. */
  selectors: NamedSelector[];
  /** Every file that was read or looked for: when one of them changes, appears or goes, so may this answer. */
  files: string[];
  problems: ConfigProblem[];
}

export interface ProjectConfigOptions {
  /** The workspace folder the project is in: how far up floe.yaml and manifest.yaml are looked for. */
  workspaceDir: string;
  settings: Pick<Settings, "runtime" | "target" | "profilesDir">;
  /** The environment dbt will have, with the .env file's variables. */
  env: NodeJS.ProcessEnv;
  homeDir?: string;
  /** Text of a file that is open in the editor, which counts instead of the file's. */
  text?(filePath: string): string | undefined;
}

/**
 * Reads the configuration of a dbt project: dbt_project.yml, packages.yml, dependencies.yml, profiles.yml, floe.yaml and
 * manifest.yaml. Never throws for what is in them: a mistake is a problem at its place, and the rest is still answered.
 */
export async function loadProjectConfig(
  projectDir: string,
  options: ProjectConfigOptions,
): Promise<ProjectConfig> {
  const { workspaceDir, settings, env } = options;
  const homeDir = options.homeDir ?? os.homedir();
  const reader = createConfigReader((filePath) => options.text?.(filePath));

  const projectPath = path.join(projectDir, "dbt_project.yml");
  const projectFile = await reader.read(projectPath);
  const project = readDbtProject(projectFile, projectDir, env);
  const packageProblems = await packageFileProblems(reader, projectDir);

  const named = await readSelectors(reader, projectDir);

  const found = await findProfiles(reader, {
    projectDir,
    workspaceDir,
    profilesDir: settings.profilesDir,
    env,
    homeDir,
  });
  const { profile, problems: profileProblems } = readProfile(found, {
    profileOfProject: project.profile,
    targetSetting: settings.target,
    env,
    projectFile,
  });

  const floe = await findFloeFiles(reader, projectDir, workspaceDir);
  const manifest =
    floe.manifest && readManifest(floe.manifest, { workspaceFolder: workspaceDir, homeDir, env });
  const chosen =
    floe.manifest && manifest?.chosen
      ? {
          runtime: manifest.chosen.runtime,
          place: `${shownPath(floe.manifest.filePath, workspaceDir)}, line ${floe.manifest.rangeOfKey(manifest.chosen.at).start.line + 1}`,
        }
      : null;
  const runtime = resolveRuntime({ setting: settings.runtime, manifest: chosen });

  return {
    projectDir,
    workspaceDir,
    name: project.name ?? path.basename(projectDir),
    version: project.version,
    requireDbtVersion: project.requireDbtVersion,
    vars: project.vars,
    paths: project.paths,
    profile,
    runtime,
    runtimeConfig: manifest?.runtimeConfig ?? {},
    floe: floe.spec ? { filePath: floe.spec.filePath, name: floe.spec.name } : null,
    manifestPath: floe.manifest?.filePath ?? null,
    transforms: floe.spec?.transforms ?? [],
    selectors: named.selectors,
    files: reader.lookedFor(),
    problems: inReadingOrder(reader.lookedFor(), [
      ...(projectFile ? [] : [noProjectFile(projectPath)]),
      ...project.problems,
      ...packageProblems,
      ...named.problems,
      ...profileProblems,
      ...floe.problems,
      ...(manifest?.problems ?? []),
      ...(floe.manifest && manifest && runtime.runtime
        ? missingForRuntime(floe.manifest, runtime.runtime, manifest)
        : []),
    ]),
  };
}

function noProjectFile(filePath: string): ConfigProblem {
  const start = { line: 0, character: 0 };
  return {
    filePath,
    range: { start, end: start },
    severity: "error",
    code: "no-project-file",
    message: `There is no dbt_project.yml in ${path.dirname(filePath)}.`,
  };
}

function shownPath(filePath: string, workspaceDir: string): string {
  return isInside(filePath, workspaceDir) ? path.relative(workspaceDir, filePath) : filePath;
}

/** By file in the order they were read, and from top to bottom in each. */
function inReadingOrder(files: readonly string[], problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted(
    (a, b) =>
      files.indexOf(a.filePath) - files.indexOf(b.filePath) ||
      a.range.start.line - b.range.start.line ||
      a.range.start.character - b.range.start.character,
  );
}
