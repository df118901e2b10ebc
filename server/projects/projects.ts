import { isDeepStrictEqual } from "node:util";
import type { ProjectStatus, RuntimeName } from "../../protocol/runtime.ts";
import type { Settings } from "../../protocol/settings.ts";
import { type DiscoveredProject, discoverProjects, owningProject } from "../config/discoverProjects.ts";
import { loadProjectConfig, type ProjectConfig } from "../config/projectConfig.ts";
import type { Log } from "../platform/log.ts";
import { isInside, pathKey } from "../platform/paths.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import { type LiveStatus, Project } from "./project.ts";
import { envFileOf } from "./settingPaths.ts";
import type { SettingsStore } from "./settingsStore.ts";

export interface ProjectsDeps {
  registry: PluginRegistry;
  settings: SettingsStore;
  env: NodeJS.ProcessEnv;
  homeDir: string;
  /** Environment dbt has in a project. */
  environmentOf: (settings: Settings, workspaceDir: string) => Promise<NodeJS.ProcessEnv>;
  log: Log;
  /** What is installed for a project nobody chose a runtime for. It may start processes. */
  automaticRuntime: (project: Project) => Promise<RuntimeName>;
  /** Unsaved text of a configuration file that is open. */
  textOf: (filePath: string) => string | undefined;
}

export interface ProjectsEvents {
  /** One of them is another way than before, appeared or went. */
  status: (all: ProjectStatus[]) => void;
  /** The configuration was read (again). */
  configured: (project: Project) => void;
  /** It is gone from the workspace. */
  removed: (project: Project) => void;
  /** dbt has read the project again, so what it says of a file may be different. */
  reparsed: (project: Project) => void;
  /** What dbt knows of its nodes is not what it was. */
  nodesChanged: (project: Project) => void;
  /** What was got ready for its runs was ended by a cancel. */
  runsCold: (project: Project) => void;
}

/** Every dbt project of the workspace. Finding and reading them starts no process. */
export class Projects {
  readonly #deps: ProjectsDeps;
  readonly #listeners: Partial<ProjectsEvents>[] = [];
  readonly #projects = new Map<string, Project>();
  /** What each project's processes were, or will be, started with. */
  readonly #environments = new Map<string, NodeJS.ProcessEnv>();
  #discovered: DiscoveredProject[] = [];
  #folders: string[] = [];
  /** The last of the discoveries and readings, which run one after another. */
  #work: Promise<void> = Promise.resolve();
  #statusDue = false;
  /** What was said last of each project that dbt has read. */
  readonly #wasReady = new Map<string, LiveStatus>();

  constructor(deps: ProjectsDeps) {
    this.#deps = deps;
  }

  on(listener: Partial<ProjectsEvents>): void {
    this.#listeners.push(listener);
  }

  get all(): Project[] {
    return [...this.#projects.values()];
  }

  get statuses(): ProjectStatus[] {
    return this.all.map((project) => project.status);
  }

  /** Resolves when every change told so far has been taken in. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** The project that holds a file, once the workspace has been looked through. */
  async of(filePath: string): Promise<Project | null> {
    await this.#work;
    const owner = owningProject(filePath, this.#discovered);
    return owner ? this.at(owner.projectDir) : null;
  }

  at(projectDir: string): Project | null {
    return this.#projects.get(pathKey(projectDir)) ?? null;
  }

  /** Looks for projects in the folders of the workspace. */
  discover(folders: readonly string[] = this.#folders): Promise<void> {
    this.#folders = [...folders];
    return this.#next("Looking for dbt projects", async () => {
      this.#discovered = await discoverProjects(this.#folders);
      const found = new Set(this.#discovered.map(({ projectDir }) => pathKey(projectDir)));
      for (const [key, project] of [...this.#projects]) {
        if (found.has(key)) continue;
        this.#projects.delete(key);
        this.#environments.delete(key);
        this.#tell("removed", project);
        if (project.started) await project.stop();
      }
      for (const discovered of this.#discovered) await this.#read(discovered);
      this.#statusChanged();
    });
  }

  /** Reads the configuration of the projects again that depend on one of these files; of all, where absent. */
  reload(files?: readonly string[]): Promise<void> {
    return this.#next("Reading the configuration", async () => {
      const keys = files && new Set(files.map(pathKey));
      for (const discovered of this.#discovered) {
        const project = this.at(discovered.projectDir);
        const isTouched = !keys || !project || this.#sources(project).some((file) => keys.has(pathKey(file)));
        if (isTouched) await this.#read(discovered);
      }
      this.#statusChanged();
    });
  }

  /** Whether the configuration of some project is read from this file. */
  readsConfigFrom(filePath: string): boolean {
    return this.#configuredBy(filePath).length > 0;
  }

  /** Files of configuration, wherever they are, that are there or may appear. */
  get configFiles(): string[] {
    return [...new Set(this.all.flatMap((project) => this.#sources(project)))];
  }

  /** Projects that hold this file, have it among their packages, or are configured by it from elsewhere. */
  affectedBy(filePath: string): Project[] {
    return [...new Set([...this.#holding(filePath), ...this.#configuredBy(filePath)])];
  }

  #holding(filePath: string): Project[] {
    const owner = owningProject(filePath, this.#discovered);
    const project = owner && this.at(owner.projectDir);
    if (project) {
      const { target, logs } = project.config.paths;
      return isInside(filePath, target) || isInside(filePath, logs) ? [] : [project];
    }
    return this.all.filter((each) => isInside(filePath, each.config.paths.packages));
  }

  #configuredBy(filePath: string): Project[] {
    const key = pathKey(filePath);
    return this.all.filter((project) => this.#sources(project).some((file) => pathKey(file) === key));
  }

  #sources({ config, settings }: Project): string[] {
    const { env, homeDir } = this.#deps;
    const envFile = envFileOf(settings, { workspaceDir: config.workspaceDir, homeDir, env });
    return envFile === undefined ? config.files : [...config.files, envFile];
  }

  /** A plugin says how a project is. */
  live(projectDir: string, status: LiveStatus): void {
    const project = this.at(projectDir);
    if (!project) return;
    const before = project.status.state;
    project.live(status);
    if (status.state !== "ready" && status.state !== "degraded") return;
    const key = pathKey(projectDir);
    const known = this.#wasReady.get(key);
    this.#wasReady.set(key, status);
    if (!known) return;
    const isOther = (what: "generation" | "manifest"): boolean =>
      before === "parsing" || known.read?.[what] !== status.read?.[what];
    if (isOther("manifest")) this.#tell("nodesChanged", project);
    if (isOther("generation")) this.#tell("reparsed", project);
  }

  /** A plugin says that the next command would have to wait for what was ready before. */
  runsCold(projectDir: string): void {
    const project = this.at(projectDir);
    if (project) this.#tell("runsCold", project);
  }

  async #read({ projectDir, workspaceDir }: DiscoveredProject): Promise<void> {
    const settings = await this.#deps.settings.get(projectDir);
    const env = await this.#deps.environmentOf(settings, workspaceDir);
    const config = await loadProjectConfig(projectDir, {
      workspaceDir,
      settings,
      env,
      text: this.#deps.textOf,
    });
    const known = this.at(projectDir);
    // Variables are given to a process when it starts.
    const hasNewVariables = !isDeepStrictEqual(env, this.#environments.get(pathKey(projectDir)));
    this.#environments.set(pathKey(projectDir), env);
    if (known) {
      const isStale = hasNewVariables || compilesElsewhere(known, config, settings);
      // Also where nothing is known to run: it may be about to.
      await known.reconfigure(config, settings, { afresh: isStale });
      await this.#findRuntime(known);
      this.#findLinter(known);
      this.#tell("configured", known);
      return;
    }
    const project = new Project(config, settings, {
      registry: this.#deps.registry,
      changed: () => this.#statusChanged(),
    });
    this.#projects.set(pathKey(projectDir), project);
    await this.#findRuntime(project);
    this.#findLinter(project);
    this.#tell("configured", project);
  }

  /** Nobody waits for it: an interpreter may take seconds to answer. */
  #findLinter(project: Project): void {
    project.findLinter().catch((error: unknown) => {
      this.#deps.log.error(`Looking for a linter of ${project.dir} failed: ${String(error)}`);
    });
  }

  async #findRuntime(project: Project): Promise<void> {
    if (project.config.runtime.runtime !== null) return;
    const installed = await this.#deps.automaticRuntime(project);
    if (installed === project.automatic) return;
    if (project.started) await project.stop();
    project.automatic = installed;
    this.#statusChanged();
  }

  #next(what: string, work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#deps.log.error(
        `${what} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    });
    return this.#work;
  }

  /** Told once for all that changes in one go. */
  #statusChanged(): void {
    if (this.#statusDue) return;
    this.#statusDue = true;
    queueMicrotask(() => {
      this.#statusDue = false;
      for (const listener of this.#listeners) listener.status?.(this.statuses);
    });
  }

  #tell(event: Exclude<keyof ProjectsEvents, "status">, project: Project): void {
    for (const listener of this.#listeners) listener[event]?.(project);
  }
}

/** Whether what was started for a project is not what its new configuration asks for. */
function compilesElsewhere(project: Project, config: ProjectConfig, settings: Project["settings"]): boolean {
  const facts = (its: ProjectConfig, set: Project["settings"]): unknown => [
    its.runtime.runtime,
    its.runtimeConfig,
    its.profile.dir,
    set.target,
    set["python.path"],
    set["fusion.path"],
    set.envFile,
  ];
  return JSON.stringify(facts(project.config, project.settings)) !== JSON.stringify(facts(config, settings));
}
