import * as vscode from "vscode";
import type { ProjectStatus } from "../protocol/runtime.ts";
import { projectOf } from "./projectOf.ts";

/** The project of the file in the active editor; without one, the workspace's first. */
export function activeProject(projects: readonly ProjectStatus[]): ProjectStatus | undefined {
  return projectOfActiveFile(projects) ?? projects[0];
}

export function projectOfActiveFile(projects: readonly ProjectStatus[]): ProjectStatus | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  return uri?.scheme === "file" ? projectOf(uri.fsPath, projects) : undefined;
}
