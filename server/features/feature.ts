import type { Connection, ServerCapabilities } from "vscode-languageserver/node";
import type { RuntimeName } from "../../protocol/runtime.ts";
import type { ClientFacts } from "../clientFacts.ts";
import type { DiagnosticsStore } from "../lint/diagnosticsStore.ts";
import type { Linting } from "../lint/linting.ts";
import type { OpenDocuments } from "../lint/openDocuments.ts";
import type { Definitions } from "../manifest/definitions.ts";
import type { Manifests } from "../manifest/manifests.ts";
import type { RedactingLog } from "../platform/log.ts";
import type { Runs } from "../runs/runs.ts";
import type { Projects } from "../projects/projects.ts";
import type { SettingsStore } from "../projects/settingsStore.ts";
import type { Answer } from "./answer.ts";
import type { Guard } from "./guard.ts";

/** One thing the server does for a client: it says so, and does it. */
export interface Feature {
  /** It starts nothing and asks nobody: it is there in a workspace that is not trusted, too. */
  readonly readsOnly?: boolean;
  capabilities?(client: ClientFacts): ServerCapabilities;
  register(context: ServerContext): void;
}

export interface ServerContext {
  connection: Connection;
  client: ClientFacts;
  documents: OpenDocuments;
  diagnostics: DiagnosticsStore;
  linting: Linting;
  projects: Projects;
  runs: Runs;
  manifests: Manifests;
  /** Folder for caches and private target paths. */
  storageDir: string;
  definitions: Definitions;
  /** Which runtimes this server has. */
  runtimes: readonly RuntimeName[];
  settings: SettingsStore;
  log: RedactingLog;
  guard: Guard;
  /** Answers a request of ours, once its parameters have been checked. */
  answer: Answer;
  /** Fires when the server ends: nothing may be started from then on. */
  stopping: AbortSignal;
  /** Runs once the client has answered that it is initialized. */
  whenInitialized: (action: () => void | Promise<void>) => void;
}
