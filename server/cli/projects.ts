import { existsSync } from "node:fs";
import path from "node:path";
import type { RuntimeName } from "../../protocol/runtime.ts";
import { type DiscoveredProject, discoverProjects, owningProject } from "../config/discoverProjects.ts";
import { mistakesDbtStumblesOver } from "../config/configProblem.ts";
import { loadProjectConfig, type ProjectConfig } from "../config/projectConfig.ts";
import { readManifestHere } from "../manifest/readManifest.ts";
import { RedactingLog } from "../platform/log.ts";
import { defaultStorageDir } from "../platform/storage.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { dbtEnvironment } from "../plugins/local/envFile.ts";
import { automaticRuntime } from "../plugins/automaticRuntime.ts";
import { createCloudRuntime } from "../plugins/cloud/cloudRuntime.ts";
import { createFusionPlugin, type FusionSettings } from "../plugins/fusion/fusionPlugin.ts";
import type { LiveStatus } from "../projects/project.ts";
import type { LocalSettings } from "../plugins/local/localEnvironment.ts";
import { createLocalPlugin } from "../plugins/local/localPlugin.ts";
import { createPluginRegistry, type PluginRegistry } from "../plugins/registry.ts";
import type { Terminal } from "./terminal.ts";
import { productVersion } from "./version.ts";
import { foldersUpTo } from "../platform/paths.ts";

/** Flags every verb has. */
export interface ProjectOptions {
  projectDir?: string;
  profilesDir?: string;
  target?: string;
  runtime?: "auto" | RuntimeName;
  python?: string;
  /** The dbt v2 binary. */
  dbt?: string;
  /** In dbt Cloud: which commit runs, and whether artifacts that were kept may be used. */
  commit?: "environment" | "head";
  cache?: boolean;
  verbose: boolean;
}

export interface CommandContext {
  terminal: Terminal;
  signal: AbortSignal;
  env: NodeJS.ProcessEnv;
}

export interface OpenedProject {
  project: ProjectRef;
  plugin: DbtPlugin;
  config: ProjectConfig;
  /** Those of the paths asked for that this project owns; empty means all of it. */
  paths: string[];
  name: string;
  target: string | null;
  /** Another environment than the project's own. @throws DbtConfigurationError */
  pluginOf: (runtime: RuntimeName) => DbtPlugin;
}

export interface OpenedProjects extends AsyncDisposable {
  projects: OpenedProject[];
  registry: PluginRegistry;
  /** Takes secrets out of what is printed. */
  log: RedactingLog;
}

/**
 * Finds the project or projects a command is about, reads their configuration and makes their plugins.
 *
 * @param paths absolute paths the command was given
 * @throws DbtConfigurationError if there is no project, or the runtime asked for is not there
 */
export async function openProjects(
  paths: readonly string[],
  options: ProjectOptions,
  context: CommandContext,
): Promise<OpenedProjects> {
  requireProfiles(options.profilesDir);
  const chosen = await chooseProjects(paths, options.projectDir, process.cwd(), context.env);
  return open(chosen, paths, options, context);
}

/**
 * The project of a command that is about one.
 * @throws DbtConfigurationError, also where there are several
 */
export async function openProject(
  options: ProjectOptions,
  context: CommandContext,
): Promise<OpenedProject & Pick<OpenedProjects, "log"> & AsyncDisposable> {
  requireProfiles(options.profilesDir);
  const chosen = await chooseProjects([], options.projectDir, process.cwd(), context.env);
  if (chosen.length > 1) throw severalProjects(chosen);
  const opened = await open(chosen, [], options, context);
  const [project] = opened.projects;
  if (!project) throw new Error("No project was opened.");
  return { ...project, log: opened.log, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

async function open(
  chosen: readonly DiscoveredProject[],
  paths: readonly string[],
  options: ProjectOptions,
  { terminal, env }: CommandContext,
): Promise<OpenedProjects> {
  const cwd = process.cwd();
  const log = new RedactingLog((level, message) => {
    const ofLinter = level === "warn" && message.startsWith("worker: ");
    if (options.verbose || level === "error") terminal.words(message);
    else if (ofLinter) terminal.words(message.replace("worker", "warning"));
  });
  log.hideSecretsOf(env);
  const configs = new Map<string, ProjectConfig>();
  for (const { projectDir, workspaceDir } of chosen) {
    const config = await loadProjectConfig(projectDir, {
      workspaceDir,
      settings: {
        runtime: options.runtime ?? "auto",
        target: options.target ?? "",
        profilesDir: options.profilesDir ? path.resolve(options.profilesDir) : "",
      },
      env: await dbtEnvironment(path.join(workspaceDir, ".env"), env, log),
    });
    requireTarget(config, options.target);
    for (const { severity, filePath, range, message } of config.problems) {
      if (severity === "info") continue;
      terminal.words(`${path.relative(cwd, filePath)}:${range.start.line + 1}: ${severity}: ${message}`);
    }
    configs.set(projectDir, config);
  }
  const told = new Set<string>();
  const local = (onStatus?: (projectDir: string, status: LiveStatus) => void): DbtPlugin =>
    createLocalPlugin({
      log,
      env,
      storageDir: defaultStorageDir(env),
      workerDir: path.join(__dirname, "..", "worker"),
      settingsOf: (projectDir) => Promise.resolve(localSettings(configs.get(projectDir), options)),
      ...(onStatus && { onStatus }),
    });
  const registry = createPluginRegistry({
    local: () =>
      local((projectDir, { state, reason }) => {
        // A failure is said once, as the error it ends in; what is wrong in the configuration is said already.
        const known = mistakesDbtStumblesOver(configs.get(projectDir)?.problems ?? []).length > 0;
        if (state !== "degraded" || reason === undefined || known || told.has(reason)) return;
        told.add(reason);
        terminal.words(`Linted without all that dbt knows: ${reason}`);
      }),
    cloud: () =>
      createCloudRuntime({
        log,
        env,
        storageDir: defaultStorageDir(env),
        version: productVersion,
        readManifest: readManifestHere,
        configOf: (projectDir) => ({
          config: configs.get(projectDir)?.runtimeConfig.cloud,
          commit: options.commit ?? "environment",
          // Who types a command has decided: nothing is asked, and the token comes from the environment.
          ask: "never",
          noCache: options.cache === false || Boolean(env["FLOE_DISABLE_CACHE"]),
        }),
        linter: local(),
      }),
    fusion: () =>
      createFusionPlugin({
        log,
        env,
        storageDir: defaultStorageDir(env),
        settingsOf: (projectDir) => Promise.resolve(fusionSettings(configs.get(projectDir), options)),
        sqlfluff: local(),
        onStatus: (_projectDir, { versions }) => {
          const linter = versions?.["linted by"];
          if (linter === undefined || told.has(linter)) return;
          told.add(linter);
          terminal.words(`Linted by ${linter}.`);
        },
      }),
  });
  const projects: OpenedProject[] = [];
  for (const [projectDir, config] of configs) {
    const project: ProjectRef = {
      projectDir,
      workspaceDir: config.workspaceDir,
      ...(options.profilesDir && { profilesDir: path.resolve(options.profilesDir) }),
      ...(options.target && { target: options.target }),
    };
    const runtime = config.runtime.runtime ?? (await automaticRuntime(registry, project));
    projects.push({
      project,
      plugin: registry.getPlugin("dbt", runtime),
      config,
      name: configs.get(projectDir)?.name ?? path.basename(projectDir),
      target: options.target ?? configs.get(projectDir)?.profile.target ?? null,
      pluginOf: (other) => registry.getPlugin("dbt", other),
      paths: paths.filter((each) => each !== projectDir && ownerOf(each, chosen)?.projectDir === projectDir),
    });
  }
  return { projects, registry, log, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

function severalProjects(projects: readonly DiscoveredProject[]): DbtConfigurationError {
  const shown = projects.slice(0, 10).map(({ projectDir }) => path.relative(process.cwd(), projectDir));
  const more = projects.length - shown.length;
  return new DbtConfigurationError(
    [
      `There are ${projects.length} dbt projects here. Name one with --project-dir:`,
      ...shown,
      ...(more > 0 ? [`... and ${more} more`] : []),
    ].join("\n  "),
  );
}

/**
 * The project named by `--project-dir`; else the owners of the paths; else the one this folder is in, as dbt looks for it;
 * else those below this folder.
 */
async function chooseProjects(
  paths: readonly string[],
  projectDirOption: string | undefined,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<DiscoveredProject[]> {
  if (projectDirOption !== undefined) {
    const projectDir = path.resolve(projectDirOption);
    if (!holdsProject(projectDir)) {
      throw new DbtConfigurationError(`There is no dbt_project.yml in ${projectDir}.`);
    }
    return projectAt(projectDir, env);
  }
  const above = ancestors(cwd).find(holdsProject);
  const known = above === undefined ? await discoverProjects([cwd], { env }) : await projectAt(above, env);
  if (paths.length === 0) {
    if (known.length > 0) return known;
    throw new DbtConfigurationError(
      `There is no dbt_project.yml in ${cwd}, its parents or its subfolders. Name the project with --project-dir.`,
    );
  }
  const owners = new Map<string, DiscoveredProject>();
  for (const each of paths) {
    const owner = ownerOf(each, known) ?? (await projectAbove(each, env));
    if (!owner) throw new DbtConfigurationError(`${each} is in no dbt project.`);
    owners.set(owner.projectDir, owner);
  }
  return [...owners.values()];
}

/** @throws DbtConfigurationError if `--profiles-dir` names a folder without profiles */
function requireProfiles(profilesDir: string | undefined): void {
  if (profilesDir === undefined || existsSync(path.join(profilesDir, "profiles.yml"))) return;
  throw new DbtConfigurationError(`There is no profiles.yml in ${path.resolve(profilesDir)}.`);
}

/** @throws DbtConfigurationError if `--target` names none of the profile's */
function requireTarget({ profile }: ProjectConfig, target: string | undefined): void {
  if (target === undefined || profile.targets.length === 0 || profile.targets.includes(target)) return;
  throw new DbtConfigurationError(
    `There is no target "${target}" in profile "${profile.name ?? ""}" of ${profile.filePath ?? "profiles.yml"}. ` +
      `It has: ${profile.targets.join(", ")}.`,
  );
}

/** The project that owns a path; a folder above projects is owned by none. */
function ownerOf(each: string, projects: readonly DiscoveredProject[]): DiscoveredProject | undefined {
  return projects.find(({ projectDir }) => projectDir === each) ?? owningProject(each, projects);
}

async function projectAbove(each: string, env: NodeJS.ProcessEnv): Promise<DiscoveredProject | undefined> {
  const projectDir = ancestors(each).find(holdsProject);
  return projectDir === undefined ? undefined : (await projectAt(projectDir, env))[0];
}

/** The project in a folder, whose workspace is the repository it is in. */
async function projectAt(projectDir: string, env: NodeJS.ProcessEnv): Promise<DiscoveredProject[]> {
  const workspaceDir = ancestors(projectDir).find((dir) => existsSync(path.join(dir, ".git"))) ?? projectDir;
  const found = await discoverProjects([projectDir], { env, maxDepth: 0 });
  return found.map((project) => ({ ...project, workspaceDir }));
}

const holdsProject = (dir: string) => existsSync(path.join(dir, "dbt_project.yml"));

/** The folder itself and all those above it, nearest first. */
export const ancestors = (dir: string): string[] => foldersUpTo(dir, path.parse(dir).root);

function fusionSettings(config: ProjectConfig | undefined, options: ProjectOptions): FusionSettings {
  const wanted = config?.runtimeConfig.fusion;
  return {
    ...(config && { envFile: path.join(config.workspaceDir, ".env") }),
    ...(options.dbt && { enginePath: path.resolve(options.dbt) }),
    ...(wanted && { wanted }),
  };
}

function localSettings(config: ProjectConfig | undefined, options: ProjectOptions): LocalSettings {
  const wanted = config?.runtimeConfig.local;
  return {
    // A run in CI may be long, but not endless.
    timeLimitSeconds: 600,
    idleMinutes: 60,
    ...(config && { envFile: path.join(config.workspaceDir, ".env") }),
    ...(options.python && { pythonPath: path.resolve(options.python) }),
    ...(wanted && { wanted }),
  };
}
