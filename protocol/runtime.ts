import type { ProjectCapability } from "./capabilities.ts";

/** The runtimes of ADR-0043: where dbt compiles. */
export const runtimeNames = ["local", "fusion", "cloud"] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** ADR-0043 `get_runtime_metadata`: never a secret, never throws; what is absent is null. */
export interface RuntimeMetadata {
  type: RuntimeName;
  dbtVersion: string | null;
  adapter: string | null;
  /** More, by runtime: pythonVersion, python, sqlfluffVersion ... */
  details: Record<string, string | number | boolean | null>;
}

export const projectStates = ["idle", "starting", "parsing", "ready", "degraded", "failed"] as const;
/**
 * - idle: nothing started yet, or stopped because unused
 * - starting: processes start, dbt is imported
 * - parsing: dbt reads the project
 * - ready: everything works
 * - degraded: works with less than it should (`reason` says what, `remedy` what to do)
 * - failed: does not work
 */
export type ProjectState = (typeof projectStates)[number];

/** One action that mends a problem. The id is a command of the client; servers of other editors show the title only. */
export interface Remedy {
  title: string;
  command?: string;
  arguments?: unknown[];
}

/** What `dbt/status` carries for one dbt project; the status bar, the doctor and the tests read the same one. */
export interface ProjectStatus {
  /** Absolute path of the folder that holds dbt_project.yml. */
  projectDir: string;
  projectName: string;
  state: ProjectState;
  runtime: RuntimeName | null;
  /** Why this runtime: "setting floeDbt.runtime", "manifest.yaml line 4", "dbt-core found in .venv". */
  runtimeReason: string;
  target: string | null;
  /** It runs elsewhere, and has jobs, runs and a sign-in there. */
  remote?: boolean;
  /** Its floe.yaml describes data products. */
  hasProducts?: boolean;
  /** What its environment can do: nothing else is to be offered. Absent where there is no such environment here. */
  capabilities?: readonly ProjectCapability[];
  /** One sentence for a person; absent where the state says enough. */
  reason?: string;
  remedy?: Remedy;
  /** One line each, such as "dbt-core 1.11.16", "sqlfluff 4.4.0", "python /x/.venv/bin/python". */
  versions: Record<string, string>;
}
