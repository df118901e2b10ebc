import * as vscode from "vscode";

/** Opens the settings at one of ours ("floeDbt.python.path"), or at all of ours. */
export async function openSettings(name: unknown): Promise<void> {
  const query =
    typeof name === "string" && name.startsWith("floeDbt.") ? `@id:${name}` : "@ext:floe.floe-dbt";
  await vscode.commands.executeCommand("workbench.action.openSettings", query);
}
