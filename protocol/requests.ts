import {
  NotificationType,
  RequestType,
  type ProgressToken,
  type WorkspaceEdit,
} from "vscode-languageserver-protocol";
import type {
  DataProduct,
  ManifestInfo,
  NodeDetail,
  SelectorSuggestion,
  TargetChoices,
  TestFacts,
  TreeParams,
  TreeRow,
} from "./manifest.ts";
import type { CompiledText, PreviewParams, PreviewRows, Run, RunHead, RunNode, RunRequest } from "./run.ts";
import type { Comparison } from "./compare.ts";
import type { ProjectStatus, RuntimeName } from "./runtime.ts";
import type { JobKind, RemoteOverview, RemoteRunDetail, SignInResult, TriggerQuestion } from "./remote.ts";

/**
 * Every message of ours that goes over the language server's connection, with its direction. Standard messages are used
 * wherever there is one; these exist because there is none. Any editor may use them.
 */

/** What a client may tell at start, besides the settings. All of it is optional. */
export interface InitializationOptions {
  /** Settings of the section `floeDbt`, for clients without workspace/configuration. */
  settings?: unknown;
  /** Folder for caches and private target paths; the platform's cache folder where absent. */
  storageDir?: string;
  /** The client answers dbt/pythonInterpreter. */
  pythonInterpreter?: boolean;
  /** The client answers dbt/secret and dbt/confirmTrigger. */
  remote?: boolean;
  /** The client has commands of its own for lint, fix and doctor, so the server need not advertise them. */
  ownCommands?: boolean;
  /** False: the workspace is not trusted, so the server reads files and nothing else: no process, no network. True where absent. */
  trusted?: boolean;
}

/** server -> client: how every project is, whenever one of them changes. The whole list each time. */
export const statusNotification = new NotificationType<StatusParams>("dbt/status");
export interface StatusParams {
  projects: ProjectStatus[];
}

/** client -> server: the same list, asked for. */
export const statusRequest = new RequestType<Record<string, never>, StatusParams, void>("dbt/getStatus");

/** client -> server: what the doctor sees. */
export const doctorRequest = new RequestType<ProjectParams, DoctorResult, void>("dbt/doctor");
export interface ProjectParams {
  /** Absolute path of the project's folder; all projects where absent. */
  projectDir?: string;
  workDoneToken?: ProgressToken;
}
export interface DoctorResult {
  projects: DoctorProject[];
  /** The whole report as Markdown, without secrets, for the clipboard or an issue. */
  markdown: string;
}
export interface DoctorProject {
  status: ProjectStatus;
  facts: { label: string; value: string }[];
  /** `found` is what a person reads; `python` the interpreter it means, absent where none there runs. */
  searched: { place: string; found: string | null; python?: string; chosen: boolean }[];
  problems: DoctorProblem[];
}
export interface DoctorProblem {
  severity: "error" | "warning";
  message: string;
  remedy?: { title: string; command?: string; arguments?: unknown[] };
}

/** client -> server: lint every file now; the issues arrive as diagnostics. Cancellable, with progress. */
export const lintProjectRequest = new RequestType<ProjectParams, LintSummary, void>("dbt/lintProject");
export interface LintSummary {
  files: number;
  skipped: number;
  errors: number;
  warnings: number;
  infos: number;
  /** What could not be linted at all, one sentence each. */
  failures: string[];
}

/** client -> server: lint one open document now, whatever `floeDbt.lint.run` says. */
export const lintDocumentRequest = new RequestType<{ uri: string }, LintSummary, void>("dbt/lintDocument");

/** client -> server: the edits that mend all the linter can in a project. Applies nothing. Cancellable, with progress. */
export const fixProjectRequest = new RequestType<ProjectParams, FixProjectResult, void>("dbt/fixProject");
export interface FixProjectResult {
  /** Versioned document changes; null where nothing is to mend. */
  edit: WorkspaceEdit | null;
  files: number;
  /** Files the linter could not mend safely, and why. */
  refused: { filePath: string; reason: string }[];
}

/** client -> server: the edits that mend one document; null where nothing is to mend or it must not be touched. */
export const fixDocumentRequest = new RequestType<
  { uri: string; rules?: string[] },
  { edit: WorkspaceEdit | null; reason?: string },
  void
>("dbt/fixDocument");

/** client -> server: make a virtual environment that fits the project. Cancellable, with progress. */
export const setUpEnvironmentRequest = new RequestType<ProjectParams, { python: string }, void>(
  "dbt/setUpEnvironment",
);

/** client -> server: forget what is known of the environment and start the project's processes afresh. */
export const restartProjectRequest = new RequestType<ProjectParams, null, void>("dbt/restartProject");

/** server -> client: the interpreter another extension (Python) has chosen for this folder, or null. */
export const pythonInterpreterRequest = new RequestType<{ projectDir: string }, string | null, void>(
  "dbt/pythonInterpreter",
);

/** client -> server: that choice has changed. */
export const pythonInterpreterChanged = new NotificationType<Record<string, never>>(
  "dbt/pythonInterpreterChanged",
);

/** client -> server: start a run. Answered as soon as it is in the queue; what becomes of it is told by dbt/runChanged. */
export const startRunRequest = new RequestType<RunRequest, { id: string }, void>("dbt/startRun");

/** client -> server: cancel a run that waits or goes on. Answered when it has ended. */
export const cancelRunRequest = new RequestType<{ id: string }, null, void>("dbt/cancelRun");

/** client -> server: the runs that are known, the newest first. */
export const runsRequest = new RequestType<{ projectDir?: string }, { runs: Run[] }, void>("dbt/getRuns");

/** server -> client: a run began, moved on or ended. `nodes` are those that changed, `removed` runs the history dropped. */
export const runChangedNotification = new NotificationType<RunChange>("dbt/runChanged");
export interface RunChange {
  run: RunHead;
  nodes: RunNode[];
  removed?: string[];
}

/** client -> server: what dbt logged, of one run or of one of its nodes. */
export const runLogRequest = new RequestType<{ id: string; uniqueId?: string }, { text: string }, void>(
  "dbt/getRunLog",
);

/** client -> server: forget the runs that have ended. */
export const clearRunsRequest = new RequestType<{ projectDir?: string }, null, void>("dbt/clearRuns");

/** client -> server: SQL of a document as it is in the editor, or of a text in its place. The newest of a document wins. */
export const compileTextRequest = new RequestType<{ uri: string; text?: string }, CompiledText, void>(
  "dbt/compileText",
);

/** client -> server: SQL of a node as the last compile or the last run left it in target/. */
export const storedSqlRequest = new RequestType<
  { uri?: string; projectDir?: string; uniqueId?: string; of: "compiled" | "run" },
  { sql: string | null; filePath: string | null; modifiedAt: number | null },
  void
>("dbt/getStoredSql");

/** client -> server: rows of a model, a selection or a CTE. Cancellable, with progress. */
export const previewRequest = new RequestType<PreviewParams, PreviewRows, void>("dbt/preview");

/** client -> server: rows that fail a test of the last run. Cancellable. */
export const failingRowsRequest = new RequestType<
  { projectDir: string; uniqueId: string; limit: number },
  PreviewRows,
  void
>("dbt/failingRows");

/** server -> client: a project's manifest is another one now, or its state is. */
export const manifestChangedNotification = new NotificationType<ManifestInfo>("dbt/manifestChanged");
/** client -> server: the same of every project. */
export const manifestInfoRequest = new RequestType<
  Record<string, never>,
  { manifests: ManifestInfo[] },
  void
>("dbt/getManifestInfo");
/** client -> server: rows of the Project view. */
export const treeRequest = new RequestType<TreeParams, { rows: TreeRow[] }, void>("dbt/getTree");
/** client -> server: the rows from the project down to the node a file defines; empty where there is none. */
export const treePathRequest = new RequestType<
  { uri: string; grouping: TreeParams["grouping"] },
  { projectDir: string; path: TreeRow[] } | null,
  void
>("dbt/getTreePath");
/** client -> server: all that is known of one node. */
export const nodeRequest = new RequestType<
  { projectDir: string; uniqueId: string } | { uri: string },
  NodeDetail | null,
  void
>("dbt/getNode");
/** client -> server: the tests of a project. */
export const testsRequest = new RequestType<{ projectDir: string }, { tests: TestFacts[] }, void>(
  "dbt/getTests",
);
/** client -> server: what may stand at an offset of a selector. */
export const completeSelectorRequest = new RequestType<
  { projectDir: string; text: string; offset: number },
  { suggestions: SelectorSuggestion[] },
  void
>("dbt/completeSelector");
/** client -> server: the data products that floe.yaml describes. */
export const dataProductsRequest = new RequestType<{ projectDir: string }, { products: DataProduct[] }, void>(
  "dbt/getDataProducts",
);
/**
 * client -> server: switch a project to another environment. Waits until what runs has ended (cancellable), then writes the
 * choice into manifest.yaml; with "setting" the client writes its setting after the answer.
 */
export const selectRuntimeRequest = new RequestType<SelectRuntimeParams, { filePath: string | null }, void>(
  "dbt/selectRuntime",
);
export interface SelectRuntimeParams {
  projectDir: string;
  runtime: RuntimeName;
  where: "manifest" | "setting";
  workDoneToken?: ProgressToken;
}

/** client -> server: compile a project in two environments and say what differs. Cancellable, with progress. */
export const compareEnvironmentsRequest = new RequestType<
  CompareParams,
  { comparison: Comparison; markdown: string },
  void
>("dbt/compareEnvironments");
export interface CompareParams {
  projectDir: string;
  left: RuntimeName;
  right: RuntimeName;
  /** Only what changed in git since the commit that is deployed; one side must be such. */
  changedOnly?: boolean;
  workDoneToken?: ProgressToken;
}

/** client -> server: targets and environments a project can be switched to. */
export const targetsRequest = new RequestType<{ projectDir: string }, TargetChoices, void>("dbt/getTargets");

/** What is answered from files alone, and so also in a workspace that is not trusted. */
export const readingRequests: readonly string[] = [
  statusRequest,
  manifestInfoRequest,
  treeRequest,
  treePathRequest,
  nodeRequest,
  testsRequest,
  completeSelectorRequest,
  dataProductsRequest,
  targetsRequest,
].map(({ method }) => method);

/** server -> client: the secret kept under this name, or null. Never stored on the server's side. */
export const secretRequest = new RequestType<{ key: string }, string | null, void>("dbt/secret");
/** client -> server: use this token from now on, if the environment takes it; null: none any more. The client keeps it. */
export const signInRequest = new RequestType<{ projectDir: string; token: string }, SignInResult, void>(
  "dbt/signIn",
);
export const signOutRequest = new RequestType<{ projectDir: string }, { secretKey: string }, void>(
  "dbt/signOut",
);
/** server -> client: may this be started there? The job it shall run in, or null for no. */
export const confirmTriggerRequest = new RequestType<TriggerQuestion, { jobId: string | null }, void>(
  "dbt/confirmTrigger",
);
/**
 * client -> server: what an environment that runs elsewhere shows of itself; null where the project's does not. `again` where nobody
 * asked for it just now: what seldom changes may be some minutes old.
 */
export const remoteRequest = new RequestType<
  { projectDir: string; again?: boolean },
  RemoteOverview | null,
  void
>("dbt/getRemote");
/** client -> server: steps and artifacts of one of its runs. */
export const remoteRunRequest = new RequestType<{ projectDir: string; runId: string }, RemoteRunDetail, void>(
  "dbt/getRemoteRun",
);
/** client -> server: the log of a step, or an artifact. */
export const remoteTextRequest = new RequestType<
  { projectDir: string; runId: string; step?: number; artifact?: string },
  { text: string },
  void
>("dbt/getRemoteText");
/** client -> server: cancel or retry one of its runs. What became of it, in words. */
export const remoteActionRequest = new RequestType<
  { projectDir: string; runId: string; action: "cancel" | "retry" },
  { message: string },
  void
>("dbt/remoteAction");
/** client -> server: the job that commands of a kind run in from now on; null: manifest.yaml's. */
export const chooseJobRequest = new RequestType<
  { projectDir: string; kind: JobKind; jobId: string | null },
  null,
  void
>("dbt/chooseJob");
