import * as vscode from "vscode";
import { can } from "../../protocol/capabilities.ts";
import type { TreeRow } from "../../protocol/manifest.ts";
import type { NodeStatus } from "../../protocol/run.ts";
import type { ProjectStatus } from "../../protocol/runtime.ts";
import { plainText, shortLine } from "./plainText.ts";
import type { ProjectText } from "./projectText.ts";
import { rowIcon, rowLabel, statusWord } from "./rowIcon.ts";
import type { TreeEntry } from "./treeEntry.ts";

/** How the tree is seen: part of a row's identity, so that each of them keeps what is expanded in it. */
export interface TreeLook {
  grouping: string;
  filtered: boolean;
  /** What a person opened or closed, by id: the editor forgets it while a row is not shown. */
  opened: ReadonlyMap<string, boolean>;
}

/** The same for the same row as long as the tree is seen so. */
function itemId({ projectDir, row }: TreeEntry, look: Pick<TreeLook, "grouping" | "filtered">): string {
  // The grouping is not in a project's: it stays expanded whatever it is.
  return row ? idOf(look, projectDir, row.key) : idOf({ ...look, grouping: "" }, projectDir, "");
}

const idOf = (look: Pick<TreeLook, "grouping" | "filtered">, projectDir: string, key: string): string =>
  [look.filtered ? "filtered" : "all", look.grouping, projectDir, key].join("\n");

export function projectItem(
  entry: TreeEntry,
  name: string,
  text: ProjectText,
  look: TreeLook,
  expandable: boolean,
): vscode.TreeItem {
  const id = itemId(entry, look);
  const opened = look.opened.get(id) ?? true;
  const item = new vscode.TreeItem(
    plainText(name),
    expandable ? stateOf(opened) : vscode.TreeItemCollapsibleState.None,
  );
  item.id = id;
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
  project: Pick<ProjectStatus, "capabilities">,
): vscode.TreeItem {
  const id = itemId(entry, look);
  const opened = look.opened.get(id) ?? opensByItself(row, entry.parent?.children?.length ?? 0, look);
  const item = new vscode.TreeItem(
    shortLine(row.label, 200),
    row.expandable ? stateOf(opened) : vscode.TreeItemCollapsibleState.None,
  );
  item.id = id;
  item.description = [shortLine(row.description, 120), statusWord(status)]
    .filter((part) => part !== "")
    .join(" · ");
  const icon = rowIcon(row, status);
  item.iconPath = new vscode.ThemeIcon(
    icon.name,
    icon.colour === undefined ? undefined : new vscode.ThemeColor(icon.colour),
  );
  item.contextValue = contextValue(row, project);
  item.accessibilityInformation = { label: shortLine(rowLabel(row, status), 300) };
  // The hover of a node is asked for when it is pointed at: its tooltip stays undefined until then.
  if (row.uniqueId === null)
    item.tooltip = plainText([row.label, row.description].filter(Boolean).join(": "));
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
function opensByItself({ kind }: TreeRow, siblings: number, { filtered }: TreeLook): boolean {
  return filtered && (kind === "section" || kind === "folder") && siblings <= openedAtOnce;
}

const stateOf = (opened: boolean): vscode.TreeItemCollapsibleState =>
  opened ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;

/** Where nothing may run, nothing that runs is offered; nor what the environment of the project cannot do. */
function offered(words: string, project: Pick<ProjectStatus, "capabilities"> = {}): string[] {
  const runs = ["runnable", "testable", "compiled"];
  return words.split(" ").flatMap((word) => {
    if (!vscode.workspace.isTrusted && runs.includes(word)) return [];
    if (word !== "compiled") return [word];
    return [can(project, "compileNode") ? word : "", can(project, "preview") ? "previewed" : ""];
  });
}

/** What menus look at, word by word: "floeDbtRow node model named located runnable testable ...". */
function contextValue(row: TreeRow, project: Pick<ProjectStatus, "capabilities">): string {
  return [
    "floeDbtRow",
    row.kind,
    row.resourceType ?? "",
    row.uniqueId === null ? "" : "named",
    isDefinition(row) ? "located" : "",
    row.filePath === null ? "" : "onDisk",
    ...offered(row.can, project),
  ]
    .filter((word) => word !== "")
    .join(" ");
}
