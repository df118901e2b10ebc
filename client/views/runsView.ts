import * as vscode from "vscode";

/** The Runs view: what dbt ran and runs, node by node. */
export class RunsView implements vscode.Disposable, vscode.TreeDataProvider<never> {
  readonly #view = vscode.window.createTreeView("floeDbt.runs", { treeDataProvider: this });

  getChildren(): never[] {
    return [];
  }

  getTreeItem(row: never): vscode.TreeItem {
    return row;
  }

  dispose(): void {
    this.#view.dispose();
  }
}
