import type * as vscode from "vscode";
import type { LanguageServer } from "../languageServer.ts";
import type { ProjectView } from "../explorer/projectView.ts";
import type { CompiledViews } from "../views/compiled/compiledViews.ts";
import type { DoctorPanel } from "../views/doctorPanel.ts";
import type { VirtualTexts } from "../views/virtualTexts.ts";

/** What a command may use. */
export interface CommandContext {
  server: LanguageServer;
  doctor: DoctorPanel;
  project: ProjectView;
  compiled: CompiledViews;
  texts: VirtualTexts;
  /** Remembers choices, for this workspace. */
  memory: vscode.Memento;
}
