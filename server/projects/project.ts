import type { ProjectStatus, Remedy } from "../../protocol/runtime.ts";
import type { Settings } from "../../protocol/settings.ts";
import type { ProjectConfig } from "../config/projectConfig.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError, type DbtError } from "../plugins/errors.ts";
import type { PluginRegistry } from "../plugins/registry.ts";

/** How a plugin says a project is. */
export type LiveStatus = Pick<ProjectStatus, "state" | "reason" | "remedy"> & {
  versions?: Record<string, string>;
};

/** One dbt project of the workspace: its configuration, the runtime that compiles it, and how it is. */
export class Project {
  config: ProjectConfig;
  settings: Settings;
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

  /** The plugin says how the project is. */
  live(status: LiveStatus): void {
    this.#live = status;
    if (status.versions) this.#versions = status.versions;
    if (status.state !== "failed") this.#failure = null;
    this.#changed();
  }

  /** Something that was asked could not be done. Said once, however often it was asked. */
  failed(error: DbtError): void {
    if (this.#failure?.message === error.message) return;
    this.#failure = error;
    this.#changed();
  }

  worked(): void {
    if (!this.#failure) return;
    this.#failure = null;
    this.#changed();
  }

  /** Forgets how it was; the next call to the plugin starts afresh. */
  async stop(): Promise<void> {
    try {
      await this.plugin().stop(this.ref);
    } catch (error) {
      if (!(error instanceof DbtConfigurationError)) throw error;
    }
    this.#failure = null;
    this.live({ state: "idle" });
  }

  get status(): ProjectStatus {
    const { name, projectDir, profile, runtime } = this.config;
    const isHere = this.#registry.runtimes.includes(this.#runtime);
    return {
      projectDir,
      projectName: name,
      runtime: isHere ? this.#runtime : runtime.runtime,
      runtimeReason: runtime.runtime === null ? this.#automaticReason() : runtime.reason,
      target: this.settings.target || profile.target,
      versions: this.#versions,
      ...(isHere ? this.#health() : missingRuntime(this.#runtime, runtime.reason)),
    };
  }

  get #runtime(): NonNullable<ProjectStatus["runtime"]> {
    return this.config.runtime.runtime ?? "local";
  }

  #automaticReason(): string {
    const python = this.#versions["python"];
    return python === undefined
      ? "automatic: dbt-core in the project's Python environment"
      : `automatic: dbt-core in Python ${python}`;
  }

  #health(): LiveStatus {
    if (this.#failure) {
      const { message, remedy } = this.#failure;
      return { state: "failed", reason: message, ...(remedy && { remedy }) };
    }
    const { state, reason, remedy } = this.#live;
    const mistake = this.config.problems.find((problem) => problem.severity === "error");
    if (reason === undefined && mistake) {
      const place = `${mistake.filePath}, line ${mistake.range.start.line + 1}`;
      return {
        state: state === "ready" ? "degraded" : state,
        reason: `${mistake.message} (${place})`,
        remedy: { title: "Show Problems", command: "workbench.actions.view.problems" },
      };
    }
    return { state, ...(reason !== undefined && { reason }), ...(remedy && { remedy }) };
  }
}

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
