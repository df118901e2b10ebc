import * as vscode from "vscode";

/** Tells a fact that menus and welcomes ask for (scripts/manifest.mjs). */
export function setContext(key: string, value: boolean | string): void {
  void vscode.commands.executeCommand("setContext", key, value);
}
