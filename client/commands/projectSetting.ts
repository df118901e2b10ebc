import * as vscode from "vscode";

/** Sets one of our settings for a project: in its folder where there are several, so that it is the folder's alone. */
export async function setForProject(projectDir: string, name: string, value: unknown): Promise<void> {
  const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  const target = several ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Workspace;
  await vscode.workspace.getConfiguration("floeDbt", vscode.Uri.file(projectDir)).update(name, value, target);
}
