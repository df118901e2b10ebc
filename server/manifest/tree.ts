import type { TreeGrouping, TreeRow } from "../../protocol/manifest.ts";
import { byName, compareText } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";
import { groupRow, nodesOf, type Section, sectionRow, sections, waysTo } from "./treeGroups.ts";
import { childKey, keyOf, type Step, stepsOf } from "./treeKeys.ts";
import {
  blankRow,
  columnRows,
  counted,
  headingRows,
  neighbourRow,
  neighbours,
  nodeRow,
  relatedRow,
  testsOf,
  type TreeSource,
} from "./treeRows.ts";

export interface TreeQuery {
  /** Key of the row whose children are asked for; the project's own rows where absent. */
  parent?: string;
  grouping: TreeGrouping;
  filter?: string;
}

/** Rows of a level beyond these stand behind a "more" row. */
export const pageSize = 500;

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
    const [names = []] = waysTo(this.#source.index, section, facts, grouping);
    let parent: string | undefined;
    const wanted = [
      { kind: "s", name: section.name },
      ...names.map((name) => ({ kind: "f", name })),
      { kind: "n", name: facts.id },
    ];
    for (const step of wanted) {
      const key = childKey(parent ?? "", step);
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
    const groups = rest.map(({ name }) => name);
    return this.#inSection(section, groups, key, grouping, filter);
  }

  #sections(filter: string): TreeRow[] {
    return sections.flatMap((section) => {
      const count = this.#nodes(section, filter).length;
      return count === 0 ? [] : [sectionRow(section, count)];
    });
  }

  #nodes(section: Section, filter: string): NodeFacts[] {
    const nodes = nodesOf(this.#source.index, section);
    return filter === "" ? nodes : nodes.filter(this.#matcher(filter));
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

  #inSection(
    section: Section,
    above: string[],
    key: string,
    grouping: TreeGrouping,
    filter: string,
  ): Maker[] {
    const { below, here } = this.#division(section, above, grouping, filter);
    const folders = [...below]
      .map(([name, nodes]) => groupRow(this.#source.index, { section, above, name, nodes, grouping }, key))
      .sort(
        (a, b) =>
          Number(a.label.startsWith("(")) - Number(b.label.startsWith("(")) || compareText(a.label, b.label),
      );
    return [...made(folders), ...here.map((facts) => () => nodeRow(this.#source, facts, key))];
  }

  /** The nodes of a group: those in the groups below it, and its own. Remembered until the index changes. */
  #division(section: Section, groups: string[], grouping: TreeGrouping, filter: string): Division {
    const { index } = this.#source;
    if (index.revision !== this.#dividedAt || this.#divisions.size >= mostDivisions) {
      this.#divisions.clear();
      this.#dividedAt = index.revision;
    }
    const name = JSON.stringify([section.name, groups, grouping, filter]);
    const known = this.#divisions.get(name);
    if (known) return known;
    const below = new Map<string, NodeFacts[]>();
    const here: NodeFacts[] = [];
    for (const facts of this.#nodes(section, filter)) {
      for (const way of waysTo(index, section, facts, grouping)) {
        if (!groups.every((group, at) => way[at] === group)) continue;
        const next = way[groups.length];
        if (next === undefined) here.push(facts);
        else {
          const others = below.get(next);
          if (others) others.push(facts);
          else below.set(next, [facts]);
        }
      }
    }
    const division: Division = { below, here: here.sort(byName) };
    this.#divisions.set(name, division);
    return division;
  }

  #inNode(steps: Step[], key: string): Maker[] {
    const { index } = this.#source;
    const last = steps.at(-1);
    const ids = steps.filter(({ kind }) => kind === "n" || kind === "r").map(({ name }) => name);
    const facts = index.node(ids.at(-1) ?? "");
    if (!last || !facts) return [];
    const related = (way: "u" | "d") =>
      neighbours(index, facts, way).map((each) => () => neighbourRow(this.#source, each, way, ids, key));
    switch (last.kind) {
      case "n":
        return made(headingRows(index, facts, key));
      case "c":
        return made(columnRows(index, facts, key));
      case "t":
        return testsOf(index, facts).map((test) => () => relatedRow(this.#source, test, key));
      case "u":
      case "d":
        return related(last.kind);
      case "r": {
        const way = steps.findLast(({ kind }) => kind === "u" || kind === "d" || kind === "t")?.kind;
        return way === "u" || way === "d" ? related(way) : [];
      }
      default:
        return [];
    }
  }
}

function made(rows: readonly TreeRow[]): Maker[] {
  return rows.map((row) => () => row);
}

function moreRow(key: string, from: number, rest: number): TreeRow {
  const label = rest > pageSize ? `Show ${pageSize} more` : `Show the other ${rest}`;
  const row = blankRow(childKey(key, { kind: "m", name: String(from) }), label, "more");
  row.description = rest > pageSize ? `of ${counted(rest)}` : "";
  row.expandable = true;
  return row;
}
