import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";

/** Something that a YAML file of dbt defines or describes, and where. */
export interface YamlPlace {
  kind: "node" | "source" | "table" | "column" | "test" | "unit_test";
  /** List it stands in: "models", "sources", "exposures" ... */
  section: string;
  name: string;
  /** What it belongs to: a table's source, a column's or test's node ("orders", "lake.orders"). */
  owner?: string;
  /** Of a test: its column, and the name it is given. */
  column?: string;
  givenName?: string;
  /** Zero-based, of its name; and the line after its last one. */
  line: number;
  character: number;
  endCharacter: number;
  lastLine: number;
}

/** Lists of a dbt YAML file whose items have names. */
const sections = [
  "models",
  "seeds",
  "snapshots",
  "analyses",
  "macros",
  "sources",
  "exposures",
  "metrics",
  "semantic_models",
  "saved_queries",
  "unit_tests",
  "groups",
  "functions",
  "data_tests",
];

/** What a YAML file says, where it says it. Of a broken file, what can be understood. Never throws. */
export function yamlPlaces(text: string): YamlPlace[] {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "silent",
      uniqueKeys: false,
    });
    return isMap(document.contents) ? new Collector(lines, text).all(document.contents) : [];
  } catch {
    // Nesting that overflows the stack.
    return [];
  }
}

class Collector {
  readonly #lines: LineCounter;
  readonly #text: string;
  readonly #found: YamlPlace[] = [];

  constructor(lines: LineCounter, text: string) {
    this.#lines = lines;
    this.#text = text;
  }

  all(root: YAMLMap): YamlPlace[] {
    for (const section of sections) {
      for (const item of mapsIn(root, section)) {
        if (section === "sources") this.#source(item);
        else if (section === "unit_tests") this.#add("unit_test", section, item, textAt(item, "model"));
        else this.#node(section, item);
      }
    }
    return this.#found;
  }

  #source(item: YAMLMap): void {
    const source = this.#add("source", "sources", item);
    if (source === null) return;
    this.#tests("sources", item, source);
    for (const table of mapsIn(item, "tables")) {
      const name = this.#add("table", "sources", table, source);
      if (name !== null) this.#inside("sources", table, `${source}.${name}`);
    }
  }

  #node(section: string, item: YAMLMap): void {
    const name = this.#add("node", section, item);
    if (name === null) return;
    this.#inside(section, item, name);
    for (const version of mapsIn(item, "versions")) this.#inside(section, version, name);
  }

  #inside(section: string, item: YAMLMap, owner: string): void {
    this.#tests(section, item, owner);
    for (const column of mapsIn(item, "columns")) {
      const name = this.#add("column", section, column, owner);
      if (name !== null) this.#tests(section, column, owner, name);
    }
  }

  #tests(section: string, item: YAMLMap, owner: string, column?: string): void {
    for (const key of ["data_tests", "tests"]) {
      const list = item.get(key);
      if (!isSeq(list)) continue;
      for (const each of list.items) {
        const test = testOf(each);
        if (!test) continue;
        this.#place(test.node, {
          kind: "test",
          section,
          name: test.name,
          owner,
          ...(column !== undefined && { column }),
          ...(test.givenName !== undefined && { givenName: test.givenName }),
          ...this.#endOf(each as Node),
        });
      }
    }
  }

  /** @returns the item's name, or null where it has none */
  #add(kind: YamlPlace["kind"], section: string, item: YAMLMap, owner?: string | null): string | null {
    const node = item.get("name", true);
    const name = scalarText(node);
    if (!isScalar(node) || name === null) return null;
    this.#place(node, { kind, section, name, ...(owner != null && { owner }), ...this.#endOf(item) });
    return name;
  }

  #endOf(node: Node): { lastLine: number } {
    const [, end = 0] = node.range ?? [];
    return { lastLine: this.#lineAt(Math.max(0, end - 1)) };
  }

  #lineAt(offset: number): number {
    return Math.max(0, this.#lines.linePos(offset).line - 1);
  }

  #place(node: Node, place: Omit<YamlPlace, "line" | "character" | "endCharacter">): void {
    const [start = 0, end = start] = node.range ?? [];
    const { line, col } = this.#lines.linePos(start);
    const [first = ""] = this.#text.slice(start, end).split(/[\r\n]/);
    const character = Math.max(0, col - 1);
    this.#found.push({
      ...place,
      line: Math.max(0, line - 1),
      character,
      endCharacter: character + first.length,
    });
  }
}

/** `- unique`, `- accepted_values: {...}`, or `- test_name: accepted_values` with a name of its own. */
function testOf(item: unknown): { name: string; givenName?: string; node: Node } | null {
  if (isScalar(item)) {
    const name = scalarText(item);
    return name === null ? null : { name, node: item };
  }
  if (!isMap(item)) return null;
  const named = item.get("test_name", true);
  const given = scalarText(item.get("name", true));
  const generic = scalarText(named);
  if (generic !== null && isScalar(named)) {
    return { name: generic, node: named, ...(given !== null && { givenName: given }) };
  }
  const [pair] = item.items;
  const name = scalarText(pair?.key);
  if (!pair || name === null) return null;
  const inner = isMap(pair.value) ? scalarText(pair.value.get("name", true)) : null;
  return { name, node: pair.key as Node, ...(inner !== null && { givenName: inner }) };
}

function mapsIn(map: YAMLMap, key: string): YAMLMap[] {
  const list = map.get(key);
  return isSeq(list) ? list.items.filter((item) => isMap(item)) : [];
}

function textAt(map: YAMLMap, key: string): string | null {
  return scalarText(map.get(key, true));
}

function scalarText(node: unknown): string | null {
  const value = isScalar(node) ? node.value : null;
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : null;
}
