// The rows of nodes: a node itself, what it opens into, and the nodes it is related to.
import type { ResourceType, TreeRow } from "../../protocol/manifest.ts";
import type { NodeStatus } from "../../protocol/run.ts";
import { byName, type ManifestIndex } from "./manifestIndex.ts";
import { isTest, type NodeFacts } from "./nodeFacts.ts";
import { referenceTo, selectorOf } from "./selectors.ts";
import { childKey } from "./treeKeys.ts";

/** What the tree is made of besides the index. */
export interface TreeSource {
  index: ManifestIndex;
  statusOf(id: string): NodeStatus | null;
  isGone(facts: NodeFacts): boolean;
}

/** Upstream: what a node needs. Downstream: what needs it. */
export type Way = "u" | "d";

/** A node in its section or group. */
export function nodeRow(source: TreeSource, facts: NodeFacts, parentKey: string): TreeRow {
  const row = rowOf(source, facts, childKey(parentKey, { kind: "n", name: facts.id }), "node");
  const { index } = source;
  row.expandable =
    hasNeighbours(index, facts, "u") ||
    hasNeighbours(index, facts, "d") ||
    hasTests(index, facts) ||
    (facts.columns?.length ?? 0) > 0;
  return row;
}

/** A node below another one that it is related to: a parent, a child, a test. It does not open by itself. */
export function relatedRow(source: TreeSource, facts: NodeFacts, parentKey: string): TreeRow {
  return rowOf(source, facts, childKey(parentKey, { kind: "r", name: facts.id }), "relation");
}

/** A neighbour, which opens into its own in the same direction; not where it is among those above itself. */
export function neighbourRow(
  source: TreeSource,
  facts: NodeFacts,
  way: Way,
  above: readonly string[],
  parentKey: string,
): TreeRow {
  const row = relatedRow(source, facts, parentKey);
  const isCycle = above.includes(facts.id);
  row.expandable = !isCycle && hasNeighbours(source.index, facts, way);
  if (isCycle) row.description = `${row.description} (above)`.trim();
  return row;
}

/** The headings a node opens into, each with how many rows stand below it. */
export function headingRows(index: ManifestIndex, facts: NodeFacts, parentKey: string): TreeRow[] {
  const heading = (kind: string, label: string, count: number): TreeRow[] => {
    if (count === 0) return [];
    const row = blankRow(childKey(parentKey, { kind, name: "" }), label, "relation");
    row.description = counted(count);
    row.expandable = true;
    return [row];
  };
  return [
    ...heading("u", "Parents", neighbours(index, facts, "u").length),
    ...heading("d", "Children", neighbours(index, facts, "d").length),
    ...heading("t", "Tests", testsOf(index, facts).length),
    ...heading("c", "Columns", facts.columns?.length ?? 0),
  ];
}

export function columnRows(index: ManifestIndex, facts: NodeFacts, parentKey: string): TreeRow[] {
  return (facts.columns ?? []).map(({ name, type, description }) => {
    const row = blankRow(childKey(parentKey, { kind: "k", name }), name, "column");
    row.description = [type, firstLine(description)].filter(Boolean).join("  ");
    row.filePath = index.patchPathOf(facts) ?? index.filePathOf(facts);
    return row;
  });
}

/** A macro's are the macros it calls and what calls it; another node's tests are not among its children. */
export function neighbours(index: ManifestIndex, facts: NodeFacts, way: Way): NodeFacts[] {
  if (facts.type === "macro") {
    const nodes = way === "u" ? (facts.macros ?? []).map((id) => index.node(id)) : index.callers(facts.id);
    return nodes.filter((each) => each !== undefined).sort(byName);
  }
  if (way === "u") return [...index.parents(facts.id)].sort(byName);
  return index
    .children(facts.id)
    .filter((each) => !isTest(each))
    .sort(byName);
}

/** Whether there are neighbours, without making a list of them. */
function hasNeighbours(index: ManifestIndex, facts: NodeFacts, way: Way): boolean {
  if (facts.type === "macro") return neighbours(index, facts, way).length > 0;
  if (way === "u") return (facts.parents ?? []).some((id) => index.node(id) !== undefined);
  return index.children(facts.id).some((each) => !isTest(each));
}

export function testsOf(index: ManifestIndex, facts: NodeFacts): NodeFacts[] {
  return index.children(facts.id).filter(isTest).sort(byName);
}

function hasTests(index: ManifestIndex, facts: NodeFacts): boolean {
  return index.children(facts.id).some(isTest);
}

function rowOf(source: TreeSource, facts: NodeFacts, key: string, kind: "node" | "relation"): TreeRow {
  const { index } = source;
  const row = blankRow(key, labelOf(facts), kind);
  const isGone = source.isGone(facts);
  row.description = describe(index, facts, isGone);
  row.resourceType = facts.type;
  row.uniqueId = facts.id;
  row.status = source.statusOf(facts.id);
  row.filePath = isGone ? null : index.filePathOf(facts);
  row.line = row.filePath !== null && /\.(sql|py|csv)$/.test(facts.path) && facts.type !== "macro" ? 1 : null;
  row.selector = selectorOf(index, facts);
  row.can = abilities(index, facts, isGone);
  return row;
}

function describe(index: ManifestIndex, facts: NodeFacts, isGone: boolean): string {
  const isAmbiguous = index
    .named(facts.name)
    .some(
      (each) => each.id !== facts.id && each.type === facts.type && each.packageName !== facts.packageName,
    );
  const what = isTest(facts)
    ? [facts.test?.kind === "unit" ? "unit test" : facts.test?.kind, facts.test?.column]
        .filter(Boolean)
        .join(" ")
    : (facts.materialized ?? facts.subtype ?? "");
  return [what, isAmbiguous ? `package ${facts.packageName}` : "", isGone ? "its file is gone" : ""]
    .filter((part) => part !== "")
    .join(", ");
}

const runnable: readonly ResourceType[] = ["model", "seed", "snapshot"];
const compiled: readonly ResourceType[] = ["model", "snapshot", "analysis", "test"];

/** What can be done with a node, as words a menu's condition looks for. */
function abilities(index: ManifestIndex, facts: NodeFacts, isGone: boolean): string {
  return [
    runnable.includes(facts.type) && !isGone ? "runnable" : "",
    isTest(facts) || hasTests(index, facts) ? "testable" : "",
    compiled.includes(facts.type) && facts.language !== "python" ? "compiled" : "",
    hasNeighbours(index, facts, "u") ? "hasParents" : "",
    hasNeighbours(index, facts, "d") ? "hasChildren" : "",
    referenceTo(index, facts) === null ? "" : "referable",
  ]
    .filter((word) => word !== "")
    .join(" ");
}

export function labelOf(facts: NodeFacts): string {
  if (facts.type === "source") return `${facts.source ?? ""}.${facts.name}`;
  return facts.version === undefined ? facts.name : `${facts.name} v${facts.version}`;
}

/** A row with nothing but its name. */
export function blankRow(key: string, label: string, kind: TreeRow["kind"]): TreeRow {
  return {
    key,
    label,
    description: "",
    kind,
    resourceType: null,
    uniqueId: null,
    status: null,
    expandable: false,
    filePath: null,
    line: null,
    can: "",
    selector: null,
  };
}

function firstLine(text: string | undefined): string {
  return text?.trim().split("\n")[0] ?? "";
}

/** A number with its thousands apart, the same on each machine. */
export function counted(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
