import * as vscode from "vscode";
import { activeProject, projectOfActiveFile } from "../activeProject.ts";
import type { LanguageServer } from "../languageServer.ts";
import { statusText, type StatusText } from "./statusText.ts";
import { setContext } from "../setContext.ts";

const colours: Record<StatusText["tone"], vscode.ThemeColor | undefined> = {
  plain: undefined,
  warning: new vscode.ThemeColor("statusBarItem.warningBackground"),
  error: new vscode.ThemeColor("statusBarItem.errorBackground"),
};

/** Which environment is in use, and why, for the active file's project. Keeps the context keys of the menus, too. */
export function showStatusBar(server: LanguageServer): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("floeDbt.status", vscode.StatusBarAlignment.Left, 10);
  item.name = "Floe dbt";
  item.command = "floeDbt.showMenu";

  const update = (): void => {
    // What menus offer runs something: where nothing may run, there are no projects for them.
    const projects = server.state === "running" ? server.projects : [];
    setContext("floeDbt.hasProjects", server.hasProjects);
    setContext(
      "floeDbt.hasProducts",
      projects.some(({ hasProducts }) => hasProducts === true),
    );
    setContext("floeDbt.activeFileInProject", projectOfActiveFile(projects) !== undefined);
    const status = statusText(server.state, activeProject(server.projects));
    if (!status) {
      item.hide();
      return;
    }
    item.text = status.text;
    const tooltip = new vscode.MarkdownString(status.tooltip, true);
    tooltip.isTrusted = false;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: status.label, role: "button" };
    item.backgroundColor = colours[status.tone];
    item.show();
  };
  update();
  return vscode.Disposable.from(
    item,
    server.onDidChange(update),
    vscode.window.onDidChangeActiveTextEditor(update),
  );
}
