import * as vscode from "vscode";
import { workspaceFile } from "./product.ts";
import { waitFor } from "./waiting.ts";

/** Leaves a window as if it had just been opened, for the next suite: nothing open, nothing unsaved, nothing said. */
export async function asNew(): Promise<void> {
  const run = (command: string): Thenable<unknown> => vscode.commands.executeCommand(command);
  await run("workbench.action.closeQuickOpen");
  for (const document of vscode.workspace.textDocuments.filter(({ isDirty }) => isDirty)) {
    await vscode.window.showTextDocument(document);
    await run("workbench.action.files.revert");
  }
  await run("workbench.action.closeAllEditors");
  await run("notifications.clearAll");
  await run("workbench.action.closePanel");
  await run("workbench.view.explorer");
}

/** Waits until the window has heard of all that changed on disk so far: it hears of files in their order. */
export async function filesSeen(): Promise<void> {
  const marker = workspaceFile(".seen");
  const watcher = vscode.workspace.createFileSystemWatcher(marker.fsPath);
  let seen = false;
  const listening = watcher.onDidCreate(() => (seen = true));
  try {
    await vscode.workspace.fs.writeFile(marker, new Uint8Array());
    await waitFor("the files of the workspace", () => seen || undefined, [watcher.onDidCreate]);
  } finally {
    await vscode.workspace.fs.delete(marker);
    listening.dispose();
    watcher.dispose();
  }
}
