import * as vscode from "vscode";

/** Gives the tab of a page of ours the product's icon: it has none by itself. */
export function setPanelIcon(panel: vscode.WebviewPanel): void {
  const self = vscode.extensions.getExtension("floe.floe-dbt");
  if (self) panel.iconPath = vscode.Uri.joinPath(self.extensionUri, "media/icon.png");
}
