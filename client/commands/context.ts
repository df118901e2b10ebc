import type * as vscode from "vscode";
import type { LanguageServer } from "../languageServer.ts";
import type { ProjectView } from "../explorer/projectView.ts";
import type { RemoteView } from "../remote/remoteView.ts";
import type { PreviewView } from "../preview/previewView.ts";
import type { CompiledViews } from "../views/compiled/compiledViews.ts";
import type { DoctorPanel } from "../views/doctorPanel.ts";
import type { VirtualTexts } from "../views/virtualTexts.ts";
import type { Runs } from "../runs/runs.ts";
import type { RunLog } from "../views/runLog.ts";
import type { RunsView } from "../views/runsView.ts";

/** What a command may use. */
export interface CommandContext {
  server: LanguageServer;
  doctor: DoctorPanel;
  project: ProjectView;
  compiled: CompiledViews;
  texts: VirtualTexts;
  runs: Runs;
  runsView: RunsView;
  runLog: RunLog;
  preview: PreviewView;
  remote: RemoteView;
  /** The editor's keeper of secrets. */
  secrets: vscode.SecretStorage;
  /** Remembers choices, for this workspace. */
  memory: vscode.Memento;
}
