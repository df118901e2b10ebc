import type { ResourceType, TreeRow } from "../../protocol/manifest.ts";
import type { NodeStatus } from "../../protocol/run.ts";

/** A codicon of VS Code, and the name of its colour where it has one of its own. */
export interface Icon {
  name: string;
  colour?: string;
}

const ofType: Record<ResourceType, string> = {
  source: "database",
  seed: "table",
  snapshot: "history",
  model: "layers",
  analysis: "graph",
  test: "beaker",
  unit_test: "beaker",
  macro: "symbol-function",
  exposure: "dashboard",
  metric: "pulse",
  semantic_model: "symbol-structure",
  saved_query: "search-view-icon",
  doc: "book",
  operation: "terminal",
  function: "symbol-method",
};

const ofKind: Record<Exclude<TreeRow["kind"], "node">, string> = {
  project: "project",
  section: "folder-library",
  folder: "folder",
  column: "symbol-field",
  relation: "type-hierarchy",
  more: "ellipsis",
  note: "info",
};

/** What stands above the neighbours of a node, by its label. */
const ofHeading: Record<string, string> = {
  Parents: "type-hierarchy-super",
  Children: "type-hierarchy-sub",
  Tests: "beaker",
  Columns: "symbol-field",
};

/** Trouble has a shape of its own, so that nobody has to tell colours apart. */
const ofStatus: Record<NodeStatus, Icon> = {
  queued: { name: "clock", colour: "testing.iconQueued" },
  running: { name: "sync~spin" },
  success: { name: "pass", colour: "testing.iconPassed" },
  warn: { name: "warning", colour: "problemsWarningIcon.foreground" },
  fail: { name: "error", colour: "problemsErrorIcon.foreground" },
  error: { name: "error", colour: "problemsErrorIcon.foreground" },
  skipped: { name: "debug-step-over", colour: "testing.iconSkipped" },
  cancelled: { name: "circle-slash", colour: "testing.iconSkipped" },
};

/** What the last run left, in a word; nothing where it went well. */
const words: Partial<Record<NodeStatus, string>> = {
  queued: "queued",
  running: "running",
  warn: "warned",
  fail: "failed",
  error: "error",
  skipped: "skipped",
  cancelled: "cancelled",
};

/** @param status of the last run, or of the one that goes on */
export function rowIcon(
  row: Pick<TreeRow, "kind" | "label" | "resourceType" | "uniqueId">,
  status: NodeStatus | null,
): Icon {
  const type = row.resourceType === null ? undefined : ofType[row.resourceType];
  if (row.kind === "section" && type !== undefined) return plain(type);
  const heading = row.kind === "relation" && row.uniqueId === null ? ofHeading[row.label] : undefined;
  if (heading !== undefined) return plain(heading);
  if (row.uniqueId === null) return plain(row.kind === "node" ? (type ?? "file") : ofKind[row.kind]);
  // What went well keeps the shape of what it is, in the colour of success.
  if (status === "success") return { name: type ?? "file", colour: "testing.iconPassed" };
  return status === null ? plain(type ?? "file") : ofStatus[status];
}

/** The editor's symbols have colours of their own: here a colour says how something went. */
const plain = (name: string): Icon =>
  name.startsWith("symbol-") ? { name, colour: "icon.foreground" } : { name };

export const statusWord = (status: NodeStatus | null): string =>
  status === null ? "" : (words[status] ?? "");

/** What a screen reader says of a row: no icon has to be seen. */
export function rowLabel(
  row: Pick<TreeRow, "resourceType" | "uniqueId" | "label" | "description">,
  status: NodeStatus | null,
): string {
  const type = row.uniqueId === null ? "" : (row.resourceType ?? "").replaceAll("_", " ");
  const state = status === null ? "" : `last run: ${status}`;
  return [`${type} ${row.label}`.trim(), row.description, state].filter((part) => part !== "").join(", ");
}
