import type { ProjectCapability } from "../../protocol/capabilities.ts";
import type { ProjectStatus, Remedy, RuntimeName } from "../../protocol/runtime.ts";
import type { Settings } from "../../protocol/settings.ts";
import { mistakesDbtStumblesOver, type ConfigProblem } from "../config/configProblem.ts";
import type { ProjectConfig } from "../config/projectConfig.ts";
import { isInside } from "../platform/paths.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError, DbtError } from "../plugins/errors.ts";
import type { PluginRegistry } from "../plugins/registry.ts";

/** How a plugin says a project is. */
export type LiveStatus = Pick<ProjectStatus, "state" | "reason" | "remedy"> & {
  versions?: Record<string, string>;
  /** What `reason` is about, where it is in a file: absolute path, line from 1. */
  place?: { filePath: string; line?: number };
  /** Where the plugin counts: another `generation` when files may render in another way, another `manifest` with each
   * thing `manifestUpdate` has to tell. */
  read?: { generation: number; manifest: number };
};

/** One dbt project of the workspace: its configuration, the runtime that compiles it, and how it is. */
export class Project {
  config: ProjectConfig;
  settings: Settings;
  /** What is installed, where nobody chose. */
  automatic: RuntimeName = "local";
  #live: LiveStatus = { state: "idle" };
  #failure: DbtError | null = null;
  #versions: Record<string, string> = {};
  readonly #registry: PluginRegistry;
  readonly #changed: () => void;

  /** @param changed is called whenever `status` gives another answer than before */
  constructor(
    config: ProjectConfig,
    settings: Settings,
    deps: { registry: PluginRegistry; changed: () => void },
  ) {
    this.config = config;
    this.settings = settings;
    this.#registry = deps.registry;
    this.#changed = deps.changed;
  }

  get dir(): string {
    return this.config.projectDir;
  }

  holds(filePath: string): boolean {
    return isInside(filePath, this.dir);
  }

  get ref(): ProjectRef {
    const { projectDir, workspaceDir, profile } = this.config;
    const { target } = this.settings;
    return {
      projectDir,
      workspaceDir,
      ...(profile.dir !== null && { profilesDir: profile.dir }),
      ...(target !== "" && { target }),
    };
  }

  /** Whether something was asked of the plugin since the project was found or stopped. */
  get started(): boolean {
    return this.#live.state !== "idle";
  }

  /** @throws DbtConfigurationError if this product does not have the runtime that was chosen */
  plugin(): DbtPlugin {
    return this.#registry.getPlugin("dbt", this.#runtime);
  }

  /** Another environment than the project's own, for looking at both. @throws DbtConfigurationError */
  pluginOf(runtime: RuntimeName): DbtPlugin {
    return this.#registry.getPlugin("dbt", runtime);
  }

  /** The plugin says how the project is. */
  live(status: LiveStatus): void {
    this.#live = status;
    if (status.versions) this.#versions = status.versions;
    if (status.state !== "failed") this.#failure = null;
    this.#changed();
  }

  /** Something that was asked could not be done. Said once, however often it was asked; what the plugin says is no news. */
  failed(error: DbtError): void {
    if (error.message === (this.#failure ?? { message: this.#live.reason }).message) return;
    this.#failure = error;
    this.#changed();
  }

  /** Where dbt runs elsewhere, only what is found here can lint: until it is, that is not offered. */
  async findLinter(): Promise<void> {
    try {
      const plugin = this.plugin();
      if (plugin.supportsSqlLinting(this.ref)) return;
      await plugin.getRuntimeMetadata(this.ref);
    } catch (error) {
      if (!(error instanceof DbtError)) throw error;
      return;
    }
    this.#changed();
  }

  worked(): void {
    if (!this.#failure) return;
    this.#failure = null;
    this.#changed();
  }

  /**
   * Takes what was read anew. Where `afresh`, what runs is stopped under its old name, after the new is in force: whoever
   * asks again while it stops must not start the old once more.
   */
  async reconfigure(
    config: ProjectConfig,
    settings: Settings,
    { afresh }: { afresh: boolean },
  ): Promise<void> {
    const stopped = afresh ? this.#stopper() : undefined;
    this.config = config;
    this.settings = settings;
    if (stopped) await this.#forget(stopped);
  }

  /** Forgets how it was; the next call to the plugin starts afresh. */
  async stop(): Promise<void> {
    await this.#forget(this.#stopper());
  }

  #stopper(): () => Promise<void> {
    try {
      const plugin = this.plugin();
      const { ref } = this;
      return () => plugin.stop(ref);
    } catch (error) {
      if (!(error instanceof DbtConfigurationError)) throw error;
      return () => Promise.resolve();
    }
  }

  async #forget(stop: () => Promise<void>): Promise<void> {
    this.#failure = null;
    this.#versions = {};
    // Before it stops, not after: what is started meanwhile says how it is, too.
    this.live({ state: "idle" });
    await stop();
  }

  /** What dbt or the environment says of a file, unless our own reading of the configuration said it better. */
  get problems(): ConfigProblem[] {
    const { reason, place } = this.#said;
    const known = mistakesDbtStumblesOver(this.config.problems);
    if (reason === undefined || place === undefined || known.length > 0) return this.config.problems;
    const line = (place.line ?? 1) - 1;
    const range = { start: { line, character: 0 }, end: { line: line + 1, character: 0 } };
    const said = {
      filePath: place.filePath,
      range,
      severity: "error",
      code: "dbt",
      message: reason,
    } as const;
    return [...this.config.problems, said];
  }

  get status(): ProjectStatus {
    const { name, projectDir, profile, runtime, transforms } = this.config;
    const isHere = this.#registry.runtimes.includes(this.#runtime);
    return {
      projectDir,
      projectName: name,
      runtime: isHere ? this.#runtime : runtime.runtime,
      runtimeReason: runtime.runtime === null ? this.#automaticReason() : runtime.reason,
      target: this.settings.target || profile.target,
      versions: this.#versions,
      ...(transforms.length > 0 && { hasProducts: true }),
      ...this.#abilities,
      ...(isHere ? this.#health() : missingRuntime(this.#runtime, runtime.reason)),
    };
  }

  get #abilities(): Pick<ProjectStatus, "remote" | "capabilities"> {
    try {
      const plugin = this.plugin();
      const lints = plugin.supportsSqlLinting(this.ref);
      const capabilities: ProjectCapability[] = [...plugin.capabilities].filter(
        (each) => lints || each !== "fixText",
      );
      if (lints) capabilities.push("lint");
      return { capabilities, ...(plugin.capabilities.has("remote") && { remote: true }) };
    } catch {
      return {};
    }
  }

  get #runtime(): NonNullable<ProjectStatus["runtime"]> {
    return this.config.runtime.runtime ?? this.automatic;
  }

  #automaticReason(): string {
    if (this.automatic !== "local")
      return "automatic: a dbt v2 engine is installed, and no dbt-core in Python";
    const python = this.#versions["python"];
    return python === undefined
      ? "automatic: dbt-core in the project's Python environment"
      : `automatic: dbt-core in Python ${python}`;
  }

  /** The last that was said of it from inside: a failure, else what the plugin says. */
  get #said(): LiveStatus {
    if (!this.#failure) return this.#live;
    const { message, remedy, filePath, line } = this.#failure;
    return {
      state: "failed",
      reason: message,
      ...(remedy && { remedy }),
      ...(filePath !== undefined && { place: { filePath, ...(line !== undefined && { line }) } }),
    };
  }

  #health(): Pick<ProjectStatus, "state" | "reason" | "remedy"> {
    const { state, reason, remedy, place } = this.#said;
    const mistake = this.#mistakeBehind(this.#said);
    if (mistake) {
      return {
        state: state === "ready" ? "degraded" : state,
        reason: `${mistake.message} (${mistake.filePath}, line ${mistake.range.start.line + 1})`,
        remedy: showProblems,
      };
    }
    const action = remedy ?? (place && showProblems);
    return { state, ...(reason !== undefined && { reason }), ...(action && { remedy: action }) };
  }

  /** What is wrong in the configuration says more than dbt, which stumbles over it; less than a failure with a remedy. */
  #mistakeBehind({ state, reason, remedy }: LiveStatus): ConfigProblem | undefined {
    const { problems } = this.config;
    if (reason === undefined) return problems.find((problem) => problem.severity === "error");
    return state === "degraded" && !remedy ? mistakesDbtStumblesOver(problems)[0] : undefined;
  }
}

export const showProblems: Remedy = { title: "Show Problems", command: "workbench.actions.view.problems" };

function missingRuntime(runtime: string, reason: string): LiveStatus {
  const remedy: Remedy = {
    title: "Choose another runtime",
    command: "floeDbt.openSettings",
    arguments: ["floeDbt.runtime"],
  };
  return {
    state: "failed",
    reason: `This version of Floe dbt has no "${runtime}" environment, which ${reason} asks for.`,
    remedy,
  };
}
