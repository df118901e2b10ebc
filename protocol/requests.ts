import {
  NotificationType,
  RequestType,
  type ProgressToken,
  type WorkspaceEdit,
} from "vscode-languageserver-protocol";
import type { ProjectStatus } from "./runtime.ts";

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
  /** The client has commands of its own for lint, fix and doctor, so the server need not advertise them. */
  ownCommands?: boolean;
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
