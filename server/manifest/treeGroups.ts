// Which sections the tree has, in which groups a node stands, and the rows of both.
import path from "node:path";
import type { ResourceType, TreeGrouping, TreeRow } from "../../protocol/manifest.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";
import { selectorOf } from "./selectors.ts";
import { childKey } from "./treeKeys.ts";
import { blankRow, counted, labelOf } from "./treeRows.ts";

export interface Section {
  name: string;
  label: string;
  types: readonly [ResourceType, ...ResourceType[]];
}

export const sections: readonly Section[] = [
  { name: "source", label: "Sources", types: ["source"] },
  { name: "seed", label: "Seeds", types: ["seed"] },
  { name: "snapshot", label: "Snapshots", types: ["snapshot"] },
  { name: "model", label: "Models", types: ["model"] },
  { name: "analysis", label: "Analyses", types: ["analysis"] },
  { name: "test", label: "Tests", types: ["test", "unit_test"] },
  { name: "exposure", label: "Exposures", types: ["exposure"] },
  { name: "metric", label: "Metrics", types: ["metric"] },
  { name: "semantic_model", label: "Semantic models", types: ["semantic_model"] },
  { name: "saved_query", label: "Saved queries", types: ["saved_query"] },
  { name: "function", label: "Functions", types: ["function"] },
  { name: "macro", label: "Macros", types: ["macro"] },
  { name: "doc", label: "Docs", types: ["doc"] },
];

/** The nodes of a section; of macros and docs those that dbt and its adapters do not bring along. */
export function nodesOf(index: ManifestIndex, { name, types }: Section): NodeFacts[] {
  const all = types.flatMap((type) => index.ofType(type));
  if (name !== "macro" && name !== "doc") return all;
  return all.filter((facts) => !index.isInternal(facts.packageName));
}

export function sectionRow({ name, label, types }: Section, count: number): TreeRow {
  const row = blankRow(childKey("", { kind: "s", name }), label, "section");
  row.description = counted(count);
  row.resourceType = types[0];
  row.expandable = true;
  row.selector =
    name === "macro" || name === "doc" ? null : types.map((type) => `resource_type:${type}`).join(" ");
  if (["model", "seed", "snapshot"].includes(name)) row.can = "runnable testable";
  if (name === "test") row.can = "testable";
  return row;
}

/** Each way of groups, from the section down, under which a node stands: a model with several tags stands in each. */
export function waysTo(
  index: ManifestIndex,
  section: Section,
  facts: NodeFacts,
  grouping: TreeGrouping,
): string[][] {
  switch (section.name) {
    case "source":
      return [[facts.source ?? ""]];
    case "test":
      return [[facts.test?.of ?? ""]];
    case "macro":
    case "doc":
      return [[facts.packageName]];
    case "model":
      return waysToModel(index, facts, grouping);
    default:
      return [[]];
  }
}

function waysToModel(index: ManifestIndex, facts: NodeFacts, grouping: TreeGrouping): string[][] {
  switch (grouping) {
    case "folder": {
      const folders = facts.path.split("/").slice(0, -1);
      const own = facts.packageName === index.projectName;
      // The first folder ("models") is the same for nearly all, and says nothing.
      return [[...(own ? [] : [`${facts.packageName}:`]), ...folders.slice(1)]];
    }
    case "tag":
      return facts.tags ? facts.tags.map((tag) => [tag]) : [[""]];
    case "package":
      return [[facts.packageName]];
    case "group":
      return [[facts.group ?? ""]];
  }
}

/** A group with the groups above it, and all nodes below it, of which there is at least one. */
export interface Group {
  section: Section;
  above: readonly string[];
  name: string;
  nodes: readonly NodeFacts[];
  grouping: TreeGrouping;
}

export function groupRow(index: ManifestIndex, group: Group, parentKey: string): TreeRow {
  const { section, name, nodes } = group;
  const row = blankRow(childKey(parentKey, { kind: "f", name }), name, "folder");
  row.description = counted(nodes.length);
  row.resourceType = section.types[0];
  row.expandable = true;
  switch (section.name) {
    case "source":
      row.selector = `source:${name}`;
      row.can = "testable";
      row.filePath = nodes[0] ? index.filePathOf(nodes[0]) : null;
      break;
    case "test": {
      const tested = index.node(name);
      row.label = tested ? labelOf(tested) : name === "" ? "(several)" : (name.split(".").at(2) ?? name);
      row.resourceType = tested?.type ?? "test";
      row.selector = tested ? selectorOf(index, tested) : null;
      row.can = tested ? "testable" : "";
      break;
    }
    case "model":
      row.can = "runnable testable";
      describeModelGroup(index, group, row);
  }
  return row;
}

function describeModelGroup(
  index: ManifestIndex,
  { above, name, nodes, grouping }: Group,
  row: TreeRow,
): void {
  if (grouping === "folder") {
    const [first] = nodes;
    const depth = [...above, name].filter((step) => !step.endsWith(":")).length;
    const folders = first?.path.split("/").slice(0, depth + 1) ?? [];
    const packageName = first?.packageName ?? "";
    row.label = name.replace(/:$/, "");
    if (packageName === index.projectName) {
      row.selector = `path:${folders.join("/")}`;
      row.filePath = path.join(index.folders.projectDir, ...folders);
    } else {
      row.selector = depth === 0 ? `package:${packageName}` : [packageName, ...folders.slice(1)].join(".");
    }
  } else if (name === "") {
    row.label = grouping === "tag" ? "(no tag)" : "(no group)";
    row.can = "";
  } else {
    row.selector = `${grouping}:${name}`;
  }
}
