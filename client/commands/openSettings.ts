import * as vscode from "vscode";

/** Opens the settings at one of ours ("floeDbt.python.path"), or at all of ours. */
export async function openSettings(name: unknown): Promise<void> {
  const query =
    typeof name === "string" && name.startsWith("floeDbt.") ? `@id:${name}` : "@ext:floe.floe-dbt";
  // The workspace's settings: in a remote window, the user's do not list those that name programs of the other machine.
  const command = vscode.workspace.workspaceFolders
    ? "workbench.action.openWorkspaceSettings"
    : "workbench.action.openSettings2";
  await vscode.commands.executeCommand(command, { query });
}
