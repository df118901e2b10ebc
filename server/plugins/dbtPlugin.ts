import type { DbtCapability } from "../../protocol/capabilities.ts";
import type { DbtCompilationResult } from "../../protocol/compilation.ts";
import type { LintIssue, ProjectLintResult } from "../../protocol/lint.ts";
import type { JobKind, RemoteOverview, RemoteRunDetail, SignInResult } from "../../protocol/remote.ts";
import type { PreviewCell, RunStep, RunVerb } from "../../protocol/run.ts";
import type { ProjectState, Remedy, RuntimeMetadata, RuntimeName } from "../../protocol/runtime.ts";

/**
 * The contract of ADR-0043, method for method: WHERE and HOW dbt compiles one project. Nothing outside plugins/ knows which
 * runtime it has; what differs is asked through `capabilities`.
 *
 * Every method may throw a DbtError (errors.ts) and nothing else on purpose. A mistake in the user's SQL is data. Every
 * call takes an AbortSignal and, once it fires, rejects with DbtCancelledError within seconds and leaves no process.
 */
export interface DbtPlugin extends AsyncDisposable {
  readonly runtime: RuntimeName;
  /** What the UI may offer beyond the ADR's methods, all of which are always there. */
  readonly capabilities: ReadonlySet<DbtCapability>;

  /** Compiles the project. @returns absolute path of manifest.json. @throws DbtCompilationError */
  compileProject(project: ProjectRef, call?: Call): Promise<string>;
  runModels(project: ProjectRef, selection?: RunSelection, call?: Call): Promise<DbtCompilationResult>;
  runTests(project: ProjectRef, selection?: RunSelection, call?: Call): Promise<DbtCompilationResult>;
  /** The parsed manifest.json of the last compile. @throws DbtConfigurationError if there is none or it is broken */
  getManifest(project: ProjectRef, call?: Call): Promise<Record<string, unknown>>;
  getRunResults(project: ProjectRef, call?: Call): Promise<Record<string, unknown>>;
  /** False if commands must be serialised (dbtRunner is not safe in parallel). */
  supportsParallelExecution(): boolean;
  /** For observability; never throws, holds no secret. */
  getRuntimeMetadata(project: ProjectRef, call?: Call): Promise<RuntimeMetadata>;
  /** @throws DbtLintError if linting itself fails, never because SQL has issues */
  lintProject(project: ProjectRef, request?: LintRequest, call?: Call): Promise<ProjectLintResult>;
  /** @param project whether that of this one can be linted, as far as is known: getRuntimeMetadata finds it out. All where absent */
  supportsSqlLinting(project?: ProjectRef): boolean;

  /** The text the linter's own fixes make of one file, saved or not. Writes nothing. Capability "fixText". */
  fixText(project: ProjectRef, request: FixRequest, call?: Call): Promise<FixResult>;
  /** Tells the plugin which files of the project changed on disk, so that it can refresh what it holds. Never waits. */
  filesChanged(project: ProjectRef, paths: readonly string[]): void;
  /** How this project's environment is, for the doctor and the status. Starts nothing that is not needed to answer. */
  inspect(project: ProjectRef, call?: Call): Promise<EnvironmentReport>;
  /**
   * Makes a Python environment that fits the project and tells its interpreter. Capability "setUpEnvironment".
   * @param adapterType type of the profile's target, such as "duckdb"; null where it is not known
   */
  setUpEnvironment?(
    project: ProjectRef,
    adapterType: string | null,
    call?: Call,
  ): Promise<{ python: string }>;
  /** `dbt build`, `seed`, `snapshot`: as runModels. A node that failed is a result, never an exception. */
  build?(project: ProjectRef, selection?: RunSelection, call?: Call): Promise<DbtCompilationResult>;
  seed?(project: ProjectRef, selection?: RunSelection, call?: Call): Promise<DbtCompilationResult>;
  snapshot?(project: ProjectRef, selection?: RunSelection, call?: Call): Promise<DbtCompilationResult>;
  /** `dbt compile` of a part; compileProject compiles all. */
  compileSelection?(
    project: ProjectRef,
    selection?: RunSelection,
    call?: Call,
  ): Promise<DbtCompilationResult>;
  /** Installs what packages.yml and dependencies.yml name. Never done unasked. */
  deps?(project: ProjectRef, call?: Call): Promise<void>;
  /** What a selection selects, in dbt's order. */
  listNodes?(project: ProjectRef, selection?: RunSelection, call?: Call): Promise<ListedNode[]>;
  /** Compiles one file, saved or not, without writing anything. SQL that does not compile is data: `error`. */
  compileNode?(project: ProjectRef, request: CompileRequest, call?: Call): Promise<CompiledNode>;
  /** Rows of a query. The warehouse is let go afterwards. @throws DbtExecutionError with the warehouse's words */
  preview?(project: ProjectRef, request: PreviewRequest, call?: Call): Promise<QueryRows>;
  /**
   * What dbt makes of the project as it is now, kept apart from the user's target/.
   * @param since token of the last answer; null for all
   */
  manifestUpdate?(project: ProjectRef, since: string | null, call?: Call): Promise<ManifestUpdate>;
  /**
   * How nodes did last in an environment that runs elsewhere, whoever ran them: runs, tests, freshness. Cheap to ask often: what
   * was asked for is kept for a while. Capability "nodeStates".
   */
  nodeStates?(project: ProjectRef, call?: Call): Promise<readonly NodeState[]>;
  /**
   * Gets ready for a run that may come, so that it starts at once: unasked, so it does nothing where it would be in the way.
   * Writes nothing into the project and does not reach the warehouse. Capability "prepareRuns".
   */
  prepareRuns?(project: ProjectRef): Promise<void>;
  /**
   * Runs of this project that go on elsewhere and that nobody here waits for: their window was closed, or the network was lost.
   * Capability "resumeRun".
   */
  unfinishedRuns?(project: ProjectRef): Promise<UnfinishedRun[]>;
  /** Waits for one of them, as if it had just been started. */
  resumeRun?(project: ProjectRef, id: string, call?: Call): Promise<DbtCompilationResult>;
  /** What the environment has made of the project by itself: its newest artifacts. Starts nothing there. Capability "deployed". */
  deployed?(project: ProjectRef, call?: Call): Promise<DeployedState>;
  /** Where the environment runs elsewhere, and has jobs, runs and a sign-in of its own. Capability "remote". */
  readonly remote?: RemoteEnvironment;
  /** Stops what runs for this project; the next call starts afresh. */
  stop(project: ProjectRef): Promise<void>;
}

export type { DbtCapability };

/** ADR-0043's (project_dir, profiles_dir, target). */
export interface ProjectRef {
  /** Absolute path of the folder that holds dbt_project.yml. */
  projectDir: string;
  /** Folder that holds profiles.yml; dbt's own search order where absent. */
  profilesDir?: string;
  /** Target name; the profile's default where absent. */
  target?: string;
  /** The workspace folder the project was found in: how far up configuration and virtual environments are looked for. */
  workspaceDir?: string;
  /** Type of the warehouse's adapter where dbt runs elsewhere, such as "snowflake": the linter's dialect; else the profile's. */
  adapterType?: string;
}

export interface Call {
  signal?: AbortSignal;
  onEvent?: (event: DbtEvent) => void;
}

export type DbtEvent =
  | {
      type: "status";
      state: ProjectState;
      reason?: string;
      remedy?: Remedy;
      versions?: Record<string, string>;
    }
  /** What is known of a file before its lint ends: template and parse errors come a wave earlier than the rules'. */
  | { type: "lintWave"; filePath: string; issues: LintIssue[] }
  /** One file's final answer, in a lint of many. */
  | { type: "fileLinted"; filePath: string; issues: LintIssue[]; skippedReason?: string }
  /**
   * What the engine itself says of the whole project with the text that was given, in SQL and YAML: it replaces what it
   * said before. Capability "checkProject".
   */
  | { type: "projectChecked"; issues: LintIssue[] }
  /**
   * A first look of that engine at one file, some time before: of these rule codes it replaces what the engine said of the
   * file, and of no other.
   */
  | { type: "fileGlanced"; filePath: string; issues: LintIssue[]; codes: ReadonlySet<string> }
  | { type: "progress"; done: number; total: number; label: string }
  /** How many nodes the command will run. */
  | { type: "nodesTotal"; total: number }
  | { type: "nodeStarted"; uniqueId: string; node?: NodeFacts }
  /** `status` is dbt's own word; protocol/run.ts' nodeStatus() understands it. */
  | {
      type: "nodeFinished";
      uniqueId: string;
      status: string;
      seconds: number;
      message?: string;
      rowsAffected?: number;
      failures?: number;
      node?: NodeFacts;
    }
  /** `uniqueId` where the line is about one node. */
  | { type: "log"; level: "debug" | "info" | "warn" | "error"; message: string; uniqueId?: string }
  /** Something a person should know of this run beyond its nodes: shown in its row. */
  | { type: "notice"; message: string }
  /** Where this run can be looked at, and the parts it is divided into (an environment that runs elsewhere). */
  | { type: "runLink"; url: string }
  | { type: "steps"; steps: RunStep[] };

/** What an event says of its node. Paths are relative to the project, as dbt gives them. */
export interface NodeFacts {
  name: string;
  resourceType: string;
  path?: string;
}

export interface RunSelection {
  select?: string;
  exclude?: string;
  fullRefresh?: boolean;
  /** `--vars`: a YAML or JSON mapping. */
  vars?: string;
  /** Further options of dbt, one argument each. */
  flags?: readonly string[];
}

export interface ListedNode {
  uniqueId: string;
  name: string;
  resourceType: string;
  packageName: string;
  /** Absolute path; null where dbt does not say. */
  filePath: string | null;
}

/** An environment that runs elsewhere, as it shows itself. Every method may throw a DbtError. */
export interface RemoteEnvironment {
  /** Takes the token if it is good there. It is held in memory alone. */
  signIn(project: ProjectRef, token: string): Promise<SignInResult>;
  /** @returns under which name a client keeps the token */
  signOut(project: ProjectRef): Promise<{ secretKey: string }>;
  /** @param again it is looked at again by itself: what seldom changes may be some minutes old */
  overview(project: ProjectRef, call?: Call, again?: boolean): Promise<RemoteOverview>;
  run(project: ProjectRef, runId: string, call?: Call): Promise<RemoteRunDetail>;
  /** The log of a step by its index, or an artifact by its name; cut off where it is very long. */
  text(project: ProjectRef, runId: string, what: { step: number } | { artifact: string }): Promise<string>;
  cancel(project: ProjectRef, runId: string): Promise<string>;
  /** From the point of failure, as a new run. */
  retry(project: ProjectRef, runId: string): Promise<string>;
  chooseJob(project: ProjectRef, kind: JobKind, jobId: string | null): Promise<void>;
}

/** A project as it is deployed, beside the checkout. */
export interface DeployedState {
  /** Absolute path of its manifest.json. */
  manifestPath: string;
  /** Which it is, in words: "run 42". */
  label: string;
  commit: string | null;
  /** What a person must know: of another commit than theirs, without their changes, old. */
  notices: string[];
  /** Absolute paths of the files that differ here from `commit`, deleted and new ones too; or why git cannot tell. */
  changed: { files: string[] } | { unknown: string };
}

export interface UnfinishedRun {
  id: string;
  /** Page of the run, where it has one. */
  link: string | null;
  verb: RunVerb;
  /** `dbt run --select=customers` */
  command: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

export interface CompileRequest {
  /** Absolute path of the file the text belongs to: it decides `this`, the package and the configuration. */
  path: string;
  /** The file's own where absent. */
  text?: string;
  /** `text` is not the whole file but some SQL with Jinja in its context: a selection, a CTE's query. */
  fragment?: boolean;
}

export interface CompiledNode {
  /** Null where it does not compile; `error` says why. */
  sql: string | null;
  /** Null for a fragment, and for a file that is no node of the project yet. */
  uniqueId: string | null;
  name: string;
  /** 1-based, in the text that was given. */
  error: { message: string; line: number | null; column: number | null } | null;
}

export interface PreviewRequest {
  /** As in CompileRequest. */
  path: string;
  /** SQL with Jinja, or compiled. The file's own where absent. */
  text?: string;
  fragment?: boolean;
  /** At most so many rows. */
  limit: number;
}

export interface QueryRows {
  columns: { name: string; type: string | null }[];
  rows: PreviewCell[][];
  /** The query that ran. */
  sql: string;
  seconds: number;
}

/**
 * Either a whole manifest.json, or the entries that changed: by section ("nodes", "sources", "macros" ...) and id, null:
 * gone. `origin` where it is not of the project as it is now, but of what is deployed; its age is then its own.
 */
export type ManifestUpdate =
  | { token: string; file: string; origin?: "environment" }
  | { token: string; changed: Record<string, Record<string, unknown>> };

/** How a node did last: a source's is its freshness. */
export interface NodeState {
  uniqueId: string;
  /** dbt's own word; protocol/run.ts' nodeStatus() understands it. */
  status: string;
  seconds: number | null;
  message: string | null;
  /** Milliseconds since the epoch. */
  at: number | null;
}

export interface LintRequest {
  /** Absolute paths of files or folders; the whole project where absent. */
  paths?: readonly string[];
  /** Unsaved text by absolute path, taken instead of the file's. Line ends as they are in the editor. */
  texts?: ReadonlyMap<string, string>;
  /** Mend what the linter can and write the files (ADR-0043 `fix`). */
  fix?: boolean;
  /** A person waits for this one: it goes before work of the background. */
  interactive?: boolean;
  /** Every diagnostic there is; else so many as a list of problems can hold, and how many more. */
  all?: boolean;
}

export interface FixRequest {
  path: string;
  /** The text to mend; the file's own where absent. */
  text?: string;
  /** Only these rules; all of the configuration's where absent. */
  rules?: readonly string[];
  /** Formatting: layout and capitalisation only, as `sqlfluff format`. */
  format?: boolean;
}

export interface FixResult {
  /** The whole mended text with "\n" line ends, or null where nothing may be changed. */
  text: string | null;
  /** Why `text` is null: "the file does not parse", "nothing to fix". */
  reason?: string;
}

/** What the doctor shows for one project. Sections and lines are in reading order. Holds no secret. */
export interface EnvironmentReport {
  facts: { label: string; value: string }[];
  /** Where things were looked for, numbered in the order of the search, the chosen one marked. */
  searched: { place: string; found: string | null; python?: string; chosen: boolean }[];
  problems: { severity: "error" | "warning"; message: string; remedy?: Remedy }[];
  versions: Record<string, string>;
}
