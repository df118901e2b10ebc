import path from "node:path";
import type { ResourceType, TreeGrouping, TreeRow } from "../../protocol/manifest.ts";
import type { NodeStatus } from "../../protocol/run.ts";
import { byName, compareText, type ManifestIndex } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";
import { referenceTo, selectorOf } from "./selectors.ts";

/** What the tree is made of besides the index. */
export interface TreeSource {
  index: ManifestIndex;
  statusOf(id: string): NodeStatus | null;
  isGone(facts: NodeFacts): boolean;
}

export interface TreeQuery {
  /** Key of the row whose children are asked for; the project's own rows where absent. */
  parent?: string;
  grouping: TreeGrouping;
  filter?: string;
}

/** Rows of a level beyond these stand behind a "more" row. */
export const pageSize = 500;

/**
 * A key is the way from the project to the row, one step after each "/". A step is a letter and a name: s(ection),
 * f(older) and other groups, n(ode), u(pstream), d(ownstream), t(ests), c(olumns), r(elated node), m(ore, from a row on).
 */
type Step = { kind: string; name: string };

interface Section {
  name: string;
  label: string;
  types: ResourceType[];
}

const sections: readonly Section[] = [
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

interface Division {
  below: Map<string, NodeFacts[]>;
  here: NodeFacts[];
}

const mostDivisions = 100;

/** A row that is made when it is shown: of 10,000, a page is. */
type Maker = () => TreeRow;

/** Makes the rows of a project's tree from its index, a level at a time. Filters are remembered, so levels agree. */
export class ManifestTree {
  readonly #source: TreeSource;
  readonly #divisions = new Map<string, Division>();
  #dividedAt = -1;
  #filter: { words: string; matches: (facts: NodeFacts) => boolean } | null = null;

  constructor(source: TreeSource) {
    this.#source = source;
  }

  rows({ parent, grouping, filter = "" }: TreeQuery): TreeRow[] {
    const steps = parent === undefined || parent === "" ? [] : stepsOf(parent);
    const from = steps.at(-1)?.kind === "m" ? Number(steps.pop()?.name) : 0;
    const key = keyOf(steps);
    const all = this.#level(steps, key, grouping, filter.trim());
    const rest = all.length - from - pageSize;
    const rows = all.slice(from, from + pageSize).map((make) => make());
    if (rest > 0) rows.push(moreRow(key, from + pageSize, rest));
    return rows;
  }

  /** The rows from the project down to a node; empty where the tree does not show it. */
  path(facts: NodeFacts, grouping: TreeGrouping): TreeRow[] {
    const section = sections.find(({ types }) => types.includes(facts.type));
    if (!section) return [];
    const rows: TreeRow[] = [];
    const names = this.#groupsOf(section, facts, grouping);
    let parent: string | undefined;
    const wanted = [
      { kind: "s", name: section.name },
      ...names.map((name) => ({ kind: "f", name })),
      { kind: "n", name: facts.id },
    ];
    for (const step of wanted) {
      const key = child(parent ?? "", step);
      // A node of a long list stands behind "more" rows.
      for (let at: string | undefined = parent; ;) {
        const level = this.rows({ ...(at !== undefined && { parent: at }), grouping });
        const row = level.find((each) => each.key === key);
        const more = level.find((each) => each.kind === "more");
        if (row) rows.push(row);
        else if (more) {
          rows.push(more);
          at = more.key;
          continue;
        }
        break;
      }
      parent = key;
    }
    return rows.at(-1)?.uniqueId === facts.id ? rows : [];
  }

  #level(steps: Step[], key: string, grouping: TreeGrouping, filter: string): Maker[] {
    const [first, ...rest] = steps;
    if (!first) return made(this.#sections(filter));
    const section = sections.find(({ name }) => name === first.name);
    if (!section) return [];
    const nodeAt = steps.findIndex(({ kind }) => kind === "n");
    if (nodeAt >= 0) return this.#inNode(steps.slice(nodeAt), key);
    return this.#inSection(
      section,
      rest.map(({ name }) => name),
      key,
      grouping,
      filter,
    );
  }

  #sections(filter: string): TreeRow[] {
    return sections.flatMap((section) => {
      const count = this.#nodes(section, filter).length;
      if (count === 0) return [];
      const row = blank(child("", { kind: "s", name: section.name }), section.label, "section");
      row.description = counted(count);
      row.resourceType = section.types[0] ?? null;
      row.expandable = true;
      row.selector = ["macro", "doc"].includes(section.name)
        ? null
        : section.types.map((type) => `resource_type:${type}`).join(" ");
      row.can = section.name === "model" || section.name === "seed" ? "runnable testable" : "";
      if (section.name === "snapshot") row.can = "runnable testable";
      if (section.name === "test") row.can = "testable";
      return [row];
    });
  }

  #nodes(section: Section, filter: string): NodeFacts[] {
    const { index } = this.#source;
    const all =
      section.types.length === 1
        ? index.ofType(section.types[0] ?? "model")
        : section.types.flatMap((type) => index.ofType(type));
    const shown =
      section.name === "macro" || section.name === "doc"
        ? all.filter((facts) => !index.isInternal(facts.packageName))
        : all;
    return filter === "" ? [...shown] : shown.filter(this.#matcher(filter));
  }

  #matcher(filter: string): (facts: NodeFacts) => boolean {
    if (this.#filter?.words === filter) return this.#filter.matches;
    const words = filter.toLowerCase().split(/\s+/);
    const holds = (facts: NodeFacts, word: string): boolean =>
      facts.name.toLowerCase().includes(word) ||
      facts.path.toLowerCase().includes(word) ||
      (facts.source?.toLowerCase().includes(word) ?? false) ||
      (facts.tags?.some((tag) => tag.toLowerCase().includes(word)) ?? false) ||
      (facts.description?.toLowerCase().includes(word) ?? false);
    const matches = (facts: NodeFacts): boolean => words.every((word) => holds(facts, word));
    this.#filter = { words: filter, matches };
    return matches;
  }

  /** Names of the groups a node stands in, from the section down. A node with several tags stands in the first one here. */
  #groupsOf(section: Section, facts: NodeFacts, grouping: TreeGrouping): string[] {
    switch (section.name) {
      case "source":
        return [facts.source ?? ""];
      case "test":
        return [this.#testedBy(facts)];
      case "macro":
      case "doc":
        return [facts.packageName];
      case "model":
        return this.#modelGroups(facts, grouping)[0] ?? [];
      default:
        return [];
    }
  }

  /** Each way of groups under which a model stands. */
  #modelGroups(facts: NodeFacts, grouping: TreeGrouping): string[][] {
    switch (grouping) {
      case "folder": {
        const folders = facts.path.split("/").slice(0, -1);
        const own = facts.packageName === this.#source.index.projectName;
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

  #testedBy(facts: NodeFacts): string {
    return facts.test?.of ?? "";
  }

  #inSection(
    section: Section,
    groups: string[],
    key: string,
    grouping: TreeGrouping,
    filter: string,
  ): Maker[] {
    const { below, here } = this.#division(section, groups, grouping, filter);
    const folders = [...below]
      .map(([name, nodes]) => this.#groupRow(section, groups, name, nodes, key, grouping))
      .sort(
        (a, b) =>
          Number(a.label.startsWith("(")) - Number(b.label.startsWith("(")) || compareText(a.label, b.label),
      );
    return [...made(folders), ...here.map((facts) => () => this.#nodeRow(facts, key, "n"))];
  }

  /** The nodes of a group: those in the groups below it, and its own. Remembered until the index changes. */
  #division(section: Section, groups: string[], grouping: TreeGrouping, filter: string): Division {
    const { revision } = this.#source.index;
    if (revision !== this.#dividedAt || this.#divisions.size >= mostDivisions) {
      this.#divisions.clear();
      this.#dividedAt = revision;
    }
    const name = JSON.stringify([section.name, groups, grouping, filter]);
    const known = this.#divisions.get(name);
    if (known) return known;
    const below = new Map<string, NodeFacts[]>();
    const here: NodeFacts[] = [];
    for (const facts of this.#nodes(section, filter)) {
      const ways =
        section.name === "model"
          ? this.#modelGroups(facts, grouping)
          : [this.#groupsOf(section, facts, grouping)];
      for (const way of ways) {
        if (!groups.every((group, at) => way[at] === group)) continue;
        const next = way[groups.length];
        if (next === undefined) here.push(facts);
        else {
          const known = below.get(next);
          if (known) known.push(facts);
          else below.set(next, [facts]);
        }
      }
    }
    const division: Division = { below, here: here.sort(byName) };
    this.#divisions.set(name, division);
    return division;
  }

  #groupRow(
    section: Section,
    groups: string[],
    name: string,
    nodes: NodeFacts[],
    key: string,
    grouping: TreeGrouping,
  ): TreeRow {
    const { index } = this.#source;
    const row = blank(child(key, { kind: "f", name }), name, "folder");
    row.description = counted(nodes.length);
    row.resourceType = section.types[0] ?? null;
    row.expandable = true;
    if (section.name === "source") {
      row.selector = `source:${name}`;
      row.can = "testable";
      row.filePath = nodes[0] ? index.filePathOf(nodes[0]) : null;
    } else if (section.name === "test") {
      const tested = index.node(name);
      row.label = tested ? labelOf(tested) : name === "" ? "(several)" : (name.split(".").at(2) ?? name);
      row.resourceType = tested?.type ?? "test";
      row.selector = tested ? selectorOf(index, tested) : null;
      row.can = tested ? "testable" : "";
    } else if (section.name === "model") {
      row.can = "runnable testable";
      this.#describeModelGroup(row, groups, name, grouping, nodes);
    }
    return row;
  }

  #describeModelGroup(
    row: TreeRow,
    groups: string[],
    name: string,
    grouping: TreeGrouping,
    nodes: NodeFacts[],
  ): void {
    if (grouping === "folder") {
      const [first] = nodes;
      const { index } = this.#source;
      const way = [...groups, name];
      const depth = way.filter((step) => !step.endsWith(":")).length;
      const folders = first?.path.split("/").slice(0, depth + 1) ?? [];
      const packageName = first?.packageName ?? "";
      row.label = name.replace(/:$/, "");
      if (packageName === index.projectName) {
        row.selector = `path:${folders.join("/")}`;
        row.filePath = path.join(index.folders.projectDir, ...folders);
      } else {
        row.selector = depth === 0 ? `package:${packageName}` : [packageName, ...folders.slice(1)].join(".");
      }
      return;
    }
    if (name === "") {
      row.label = grouping === "tag" ? "(no tag)" : "(no group)";
      row.can = "";
    } else {
      row.selector = `${grouping}:${name}`;
    }
  }

  #inNode(steps: Step[], key: string): Maker[] {
    const { index } = this.#source;
    const last = steps.at(-1);
    const ids = steps.filter(({ kind }) => kind === "n" || kind === "r").map(({ name }) => name);
    const facts = index.node(ids.at(-1) ?? "");
    if (!last || !facts) return [];
    switch (last.kind) {
      case "n":
        return made(this.#relations(facts, key));
      case "c":
        return made(this.#columns(facts, key));
      case "t":
        return this.#tests(facts).map((test) => () => this.#nodeRow(test, key, "r", true));
      case "u":
      case "d":
        return this.#related(facts, last.kind, ids, key);
      case "r": {
        const way = steps.findLast(({ kind }) => kind === "u" || kind === "d" || kind === "t")?.kind;
        return way === "u" || way === "d" ? this.#related(facts, way, ids, key) : [];
      }
      default:
        return [];
    }
  }

  #relations(facts: NodeFacts, key: string): TreeRow[] {
    const heading = (kind: string, label: string, count: number): TreeRow[] => {
      if (count === 0) return [];
      const row = blank(child(key, { kind, name: "" }), label, "relation");
      row.description = counted(count);
      row.expandable = true;
      return [row];
    };
    return [
      ...heading("u", "Parents", this.#neighbours(facts, "u").length),
      ...heading("d", "Children", this.#neighbours(facts, "d").length),
      ...heading("t", "Tests", this.#tests(facts).length),
      ...heading("c", "Columns", facts.columns?.length ?? 0),
    ];
  }

  #columns(facts: NodeFacts, key: string): TreeRow[] {
    return (facts.columns ?? []).map(({ name, type, description }) => {
      const row = blank(child(key, { kind: "k", name }), name, "column");
      row.description = [type, firstLine(description)].filter(Boolean).join("  ");
      row.filePath = this.#source.index.patchPathOf(facts) ?? this.#source.index.filePathOf(facts);
      return row;
    });
  }

  /** Neighbours of a node in one direction, each of which opens into its own; one that is above itself does not. */
  #related(facts: NodeFacts, way: "u" | "d", above: string[], key: string): Maker[] {
    return this.#neighbours(facts, way).map((each) => () => {
      const row = this.#nodeRow(each, key, "r", true);
      const isCycle = above.includes(each.id);
      row.expandable = !isCycle && this.#has(each, way);
      if (isCycle) row.description = `${row.description} (above)`.trim();
      return row;
    });
  }

  #neighbours(facts: NodeFacts, way: "u" | "d"): NodeFacts[] {
    const { index } = this.#source;
    if (facts.type === "macro") {
      const nodes = way === "u" ? (facts.macros ?? []).map((id) => index.node(id)) : index.callers(facts.id);
      return nodes.filter((each) => each !== undefined).sort(byName);
    }
    const nodes = way === "u" ? index.parents(facts.id) : index.children(facts.id);
    return nodes.filter(({ type }) => way === "u" || (type !== "test" && type !== "unit_test")).sort(byName);
  }

  /** Whether there are neighbours, without making a list of them. */
  #has(facts: NodeFacts, way: "u" | "d"): boolean {
    const { index } = this.#source;
    if (facts.type === "macro") return this.#neighbours(facts, way).length > 0;
    if (way === "u") return (facts.parents ?? []).some((id) => index.node(id) !== undefined);
    return index.children(facts.id).some((each) => !isTest(each));
  }

  #tests(facts: NodeFacts): NodeFacts[] {
    return this.#source.index
      .children(facts.id)
      .filter(({ type }) => type === "test" || type === "unit_test")
      .sort(byName);
  }

  #nodeRow(facts: NodeFacts, parentKey: string, kind: "n" | "r", isRelation = false): TreeRow {
    const { index } = this.#source;
    const row = blank(
      child(parentKey, { kind, name: facts.id }),
      labelOf(facts),
      isRelation ? "relation" : "node",
    );
    const isGone = this.#source.isGone(facts);
    row.description = this.#describe(facts, isGone);
    row.resourceType = facts.type;
    row.uniqueId = facts.id;
    row.status = this.#source.statusOf(facts.id);
    row.filePath = isGone ? null : index.filePathOf(facts);
    row.line =
      row.filePath !== null && /\.(sql|py|csv)$/.test(facts.path) && facts.type !== "macro" ? 1 : null;
    row.selector = selectorOf(index, facts);
    const parents = this.#has(facts, "u");
    const children = this.#has(facts, "d");
    const tests = index.children(facts.id).some(isTest);
    row.can = abilities(facts, {
      parents,
      children,
      tests,
      isGone,
      refers: referenceTo(index, facts) !== null,
    });
    row.expandable = !isRelation && (parents || children || tests || (facts.columns?.length ?? 0) > 0);
    return row;
  }

  #describe(facts: NodeFacts, isGone: boolean): string {
    const { index } = this.#source;
    const isAmbiguous = index
      .named(facts.name)
      .some(
        (each) => each.id !== facts.id && each.type === facts.type && each.packageName !== facts.packageName,
      );
    const what =
      facts.type === "test" || facts.type === "unit_test"
        ? [facts.test?.kind === "unit" ? "unit test" : facts.test?.kind, facts.test?.column]
            .filter(Boolean)
            .join(" ")
        : (facts.materialized ?? facts.subtype ?? "");
    return [what, isAmbiguous ? `package ${facts.packageName}` : "", isGone ? "its file is gone" : ""]
      .filter((part) => part !== "")
      .join(", ");
  }
}

function made(rows: readonly TreeRow[]): Maker[] {
  return rows.map((row) => () => row);
}

function isTest({ type }: NodeFacts): boolean {
  return type === "test" || type === "unit_test";
}

function abilities(
  facts: NodeFacts,
  its: { parents: boolean; children: boolean; tests: boolean; isGone: boolean; refers: boolean },
): string {
  const runnable: ResourceType[] = ["model", "seed", "snapshot"];
  const compiled: ResourceType[] = ["model", "snapshot", "analysis", "test"];
  return [
    runnable.includes(facts.type) && !its.isGone ? "runnable" : "",
    its.tests || isTest(facts) ? "testable" : "",
    compiled.includes(facts.type) && facts.language !== "python" ? "compiled" : "",
    its.parents ? "hasParents" : "",
    its.children ? "hasChildren" : "",
    its.refers ? "referable" : "",
  ]
    .filter((word) => word !== "")
    .join(" ");
}

function labelOf(facts: NodeFacts): string {
  if (facts.type === "source") return `${facts.source ?? ""}.${facts.name}`;
  return facts.version === undefined ? facts.name : `${facts.name} v${facts.version}`;
}

function blank(key: string, label: string, kind: TreeRow["kind"]): TreeRow {
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

function moreRow(key: string, from: number, rest: number): TreeRow {
  const label = rest > pageSize ? `Show ${pageSize} more` : `Show the other ${rest}`;
  const row = blank(child(key, { kind: "m", name: String(from) }), label, "more");
  row.description = rest > pageSize ? `of ${counted(rest)}` : "";
  row.expandable = true;
  return row;
}

function firstLine(text: string | undefined): string {
  return text?.trim().split("\n")[0] ?? "";
}

/** A number with its thousands apart, the same on each machine. */
export function counted(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

function child(parent: string, { kind, name }: Step): string {
  return `${parent}/${kind}${encodeURIComponent(name)}`;
}

function keyOf(steps: readonly Step[]): string {
  return steps.reduce(child, "");
}

function stepsOf(key: string): Step[] {
  return key
    .split("/")
    .slice(1)
    .map((step) => ({ kind: step.slice(0, 1), name: decoded(step.slice(1)) }));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
