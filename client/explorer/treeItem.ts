import * as vscode from "vscode";
import type { TreeRow } from "../../protocol/manifest.ts";
import type { NodeStatus } from "../../protocol/run.ts";
import { plainText, shortLine } from "./plainText.ts";
import type { ProjectText } from "./projectText.ts";
import { rowIcon, rowLabel, statusWord } from "./rowIcon.ts";
import type { TreeEntry } from "./treeEntry.ts";

/** How the tree is seen: part of a row's identity, so that each of them keeps what is expanded in it. */
export interface TreeLook {
  grouping: string;
  filtered: boolean;
}

const idOf = (look: TreeLook, projectDir: string, key: string): string =>
  [look.filtered ? "filtered" : "all", look.grouping, projectDir, key].join("\n");

export function projectItem(
  entry: TreeEntry,
  name: string,
  text: ProjectText,
  look: TreeLook,
  expandable: boolean,
): vscode.TreeItem {
  const item = new vscode.TreeItem(
    plainText(name),
    expandable ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None,
  );
  // The grouping is not in it: the project stays expanded whatever it is.
  item.id = idOf({ ...look, grouping: "" }, entry.projectDir, "");
  item.description = plainText(text.description);
  item.iconPath = new vscode.ThemeIcon(text.icon);
  item.tooltip = plainText(text.tooltip.join("\n"));
  item.contextValue = ["floeDbtProject", ...offered("runnable testable")].join(" ");
  item.accessibilityInformation = { label: plainText(text.label) };
  return item;
}

/** @param status of the run that goes on, else of the last */
export function rowItem(
  entry: TreeEntry,
  row: TreeRow,
  look: TreeLook,
  status: NodeStatus | null,
): vscode.TreeItem {
  const item = new vscode.TreeItem(
    shortLine(row.label, 200),
    collapsibleState(row, entry.parent?.children?.length ?? 0, look),
  );
  item.id = idOf(look, entry.projectDir, row.key);
  item.description = [shortLine(row.description, 120), statusWord(status)]
    .filter((part) => part !== "")
    .join(" · ");
  const icon = rowIcon(row, status);
  item.iconPath = new vscode.ThemeIcon(
    icon.name,
    icon.colour === undefined ? undefined : new vscode.ThemeColor(icon.colour),
  );
  item.contextValue = contextValue(row);
  item.accessibilityInformation = { label: shortLine(rowLabel(row, status), 300) };
  // The hover of a node is asked for when it is pointed at: its tooltip stays undefined until then.
  if (row.uniqueId === null)
    item.tooltip = plainText([row.label, row.description].filter(Boolean).join("\n"));
  if (isDefinition(row)) {
    item.command = { title: "Open", command: "floeDbt.openDefinition", arguments: [entry] };
  }
  return item;
}

/** A click opens the file of what one file defines; a folder, a source and the like open in the tree. */
function isDefinition({ kind, uniqueId, filePath }: TreeRow): boolean {
  return filePath !== null && (uniqueId !== null || kind === "column");
}

/** Groups that are opened by themselves at once, of one level: each costs a question. */
const openedAtOnce = 40;

/** What was searched for is shown with all that leads to it, as long as that is not too much to be seen anyway. */
function collapsibleState(row: TreeRow, siblings: number, look: TreeLook): vscode.TreeItemCollapsibleState {
  if (!row.expandable) return vscode.TreeItemCollapsibleState.None;
  const leads = row.kind === "section" || row.kind === "folder";
  return look.filtered && leads && siblings <= openedAtOnce
    ? vscode.TreeItemCollapsibleState.Expanded
    : vscode.TreeItemCollapsibleState.Collapsed;
}

/** Where nothing may run, nothing that runs is offered. */
function offered(can: string): string[] {
  const runs = ["runnable", "testable", "compiled"];
  return can.split(" ").filter((word) => vscode.workspace.isTrusted || !runs.includes(word));
}

/** What menus look at, word by word: "floeDbtRow node model named located runnable testable ...". */
function contextValue(row: TreeRow): string {
  return [
    "floeDbtRow",
    row.kind,
    row.resourceType ?? "",
    row.uniqueId === null ? "" : "named",
    isDefinition(row) ? "located" : "",
    row.filePath === null ? "" : "onDisk",
    ...offered(row.can),
  ]
    .filter((word) => word !== "")
    .join(" ");
}
