import type { TreeRow } from "../../protocol/manifest.ts";

/** One element of the Project view. A command of its menus gets it, and reads what it is for from the first three. */
export interface TreeEntry {
  projectDir: string;
  /** What selects it for dbt: null where it stands for nothing that runs; the row of a project means all of it. */
  selector: string | null;
  uniqueId: string | null;
  /** The server's row; null for the row of a project. */
  row: TreeRow | null;
  /** Null for the row of a project. */
  parent: TreeEntry | null;
  /** Whether a filter was in effect when it was made. */
  filtered: boolean;
  /** As they were last read; undefined until then. */
  children: TreeEntry[] | undefined;
}

export function isTreeEntry(value: unknown): value is TreeEntry {
  return value !== null && typeof value === "object" && "projectDir" in value && "row" in value;
}

/** Makes the entries of rows. An entry of the same key stays the same object, so that the view knows it again. */
export function entriesOf(parent: TreeEntry, rows: readonly TreeRow[]): TreeEntry[] {
  const before = new Map(parent.children?.map((entry) => [entry.row?.key, entry]));
  return rows.map((row) => Object.assign(before.get(row.key) ?? entryOf(parent, row), valuesOf(row)));
}

function entryOf(parent: TreeEntry, row: TreeRow): TreeEntry {
  const { projectDir, filtered } = parent;
  return { projectDir, parent, filtered, children: undefined, ...valuesOf(row) };
}

const valuesOf = (row: TreeRow): Pick<TreeEntry, "row" | "selector" | "uniqueId"> => ({
  row,
  selector: row.selector,
  uniqueId: row.uniqueId,
});

export function projectEntry(projectDir: string, filtered: boolean): TreeEntry {
  return {
    projectDir,
    selector: null,
    uniqueId: null,
    row: null,
    parent: null,
    filtered,
    children: undefined,
  };
}

/** The entry and all that were read below it. */
export function* withDescendants(entry: TreeEntry): Generator<TreeEntry> {
  yield entry;
  for (const child of entry.children ?? []) yield* withDescendants(child);
}
