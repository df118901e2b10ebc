import type { ResourceType, SelectorSuggestion } from "../../protocol/manifest.ts";
import { resourceTypes } from "../../protocol/manifest.ts";
import type { NamedSelector } from "../config/selectorsFile.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";
import { selectorOf } from "./selectors.ts";

type Suggestion = Omit<SelectorSuggestion, "from" | "to">;

/** More than anybody reads; the next letter brings the others. */
const most = 100;

interface Method {
  detail: string;
  kind: SelectorSuggestion["kind"];
  values: (index: ManifestIndex) => Iterable<string>;
  /** What is known of one of them; "" or undefined where that is nothing. */
  detailOf?: (value: string) => string | undefined;
}

/** dbt's methods of selection, in the order in which people want them. */
const methods: Record<string, Method> = {
  tag: { detail: "nodes with this tag", kind: "tag", values: tags },
  path: { detail: "nodes in this folder or file", kind: "path", values: paths },
  source: { detail: "this source, or a table of it", kind: "source", values: sources },
  package: { detail: "nodes of this package", kind: "package", values: packages },
  group: { detail: "nodes of this group", kind: "group", values: (index) => facts(index, "group") },
  state: {
    detail: "nodes that differ from another manifest (--state)",
    kind: "state",
    values: () =>
      ["new", "old", "modified", "unmodified", "modified.body", "modified.configs"].concat([
        "modified.relation",
        "modified.persisted_descriptions",
        "modified.macros",
        "modified.contract",
      ]),
  },
  result: {
    detail: "nodes by how they did in another run (--state)",
    kind: "state",
    values: () => ["error", "fail", "warn", "success", "skipped", "pass"],
  },
  source_status: { detail: "sources by their freshness (--state)", kind: "state", values: () => ["fresher"] },
  file: { detail: "nodes of the file with this name", kind: "path", values: fileNames },
  fqn: { detail: "nodes by their full name", kind: "node", values: fqns },
  resource_type: { detail: "nodes of this type", kind: "method", values: resourceTypeNames },
  access: {
    detail: "models with this access",
    kind: "method",
    values: () => ["public", "private", "protected"],
  },
  version: {
    detail: "versions of models",
    kind: "method",
    values: () => ["latest", "prerelease", "old", "none"],
  },
  test_type: {
    detail: "tests of this kind",
    kind: "method",
    values: () => ["generic", "singular", "unit", "data"],
  },
  test_name: { detail: "generic tests of this name", kind: "method", values: genericTests },
  unit_test: { detail: "this unit test", kind: "node", values: (index) => names(index, "unit_test") },
  exposure: { detail: "this exposure", kind: "node", values: (index) => names(index, "exposure") },
  metric: { detail: "this metric", kind: "node", values: (index) => names(index, "metric") },
  semantic_model: {
    detail: "this semantic model",
    kind: "node",
    values: (index) => names(index, "semantic_model"),
  },
  saved_query: { detail: "this saved query", kind: "node", values: (index) => names(index, "saved_query") },
  "config.materialized": {
    detail: "nodes that are materialized so",
    kind: "method",
    values: (index) => facts(index, "materialized"),
  },
  "config.group": { detail: "nodes of this group", kind: "group", values: (index) => facts(index, "group") },
  "config.tags": { detail: "nodes with this tag", kind: "tag", values: tags },
};

const selectable: readonly ResourceType[] = ["model", "seed", "snapshot", "test", "analysis"];

/** The selections that selectors.yml names, as a method like the others. */
function namedSelections(selectors: readonly NamedSelector[]): Method {
  return {
    detail: "the selection of this name in selectors.yml",
    kind: "selector",
    values: () => selectors.map(({ name }) => name),
    detailOf: (value) => selectors.find(({ name }) => name === value)?.description,
  };
}

/** dbt's operators around a name, and what each adds to it. */
const operators: readonly [before: string, after: string, detail: string][] = [
  ["+", "", "with its parents"],
  ["", "+", "with its children"],
  ["+", "+", "with its parents and children"],
  ["@", "", "with its children, and all that those are built from"],
];

/**
 * What may stand at an offset of a selection: names, and the values of dbt's methods. The operators around a name
 * (`+name+`, `2+name`, `@name`) and the other parts of a union (a space) or an intersection (a comma) stay as they are.
 * Behind a name that is whole, the operators themselves.
 */
export function completeSelector(
  index: ManifestIndex,
  text: string,
  offset: number,
  selectors: readonly NamedSelector[] = [],
): SelectorSuggestion[] {
  const its = selectors.length > 0 ? { ...methods, selector: namedSelections(selectors) } : methods;
  const at = Math.max(0, Math.min(offset, text.length));
  const part = partAt(text, at);
  const { from, to } = part.name;
  const word = text.slice(from, Math.max(from, at));
  const found = candidates(index, word, its);
  const name = text.slice(from, to);
  const ofName = name === word ? found : candidates(index, name, its);
  const isWhole = at >= to && ofName.some(({ text: whole, kind }) => whole === name && kind !== "selector");
  return [
    ...(isWhole ? aroundName(part, text, name) : []),
    ...found.map((suggestion) => ({ from: Math.min(from, at), to: Math.max(to, at), ...suggestion })),
  ].slice(0, most);
}

function candidates(index: ManifestIndex, word: string, its: Record<string, Method>): Suggestion[] {
  const colon = word.indexOf(":");
  if (colon < 0) return anything(index, word, its);
  const method = its[word.slice(0, colon)];
  return method ? valuesOf(index, word.slice(0, colon), method, word.slice(colon + 1)) : [];
}

function aroundName({ from, to }: Range, text: string, name: string): SelectorSuggestion[] {
  return operators
    .map(([before, after, detail]) => ({
      from,
      to,
      text: before + name + after,
      detail,
      kind: "operator" as const,
    }))
    .filter((each) => each.text !== text.slice(from, to));
}

interface Range {
  from: number;
  to: number;
}

/** The part of a union or an intersection around an offset, and in it the name or the method and value without operators. */
function partAt(text: string, at: number): Range & { name: Range } {
  const from = text.slice(0, at).search(/[^\s,]*$/);
  const to = at + text.slice(at).search(/[\s,]|$/);
  const part = text.slice(from, to);
  const prefix = /^(?:@|\d*\+)/.exec(part)?.[0].length ?? 0;
  const suffix = /\+\d*$/.exec(part.slice(prefix))?.[0].length ?? 0;
  return { from, to, name: { from: from + prefix, to: to - suffix } };
}

function anything(index: ManifestIndex, word: string, its: Record<string, Method>): Suggestion[] {
  const nodes = best(
    selectable.flatMap((type) => [...index.ofType(type)]),
    word,
    ({ name }) => name,
  ).map((node): Suggestion => nodeSuggestion(index, node));
  const ownMethods = best(Object.entries(its), word, ([name]) => name).map(
    ([name, { detail }]): Suggestion => ({ text: `${name}:`, detail, kind: "method" }),
  );
  const values = ["selector", "tag", "path", "source", "package", "group"].flatMap((name) => {
    const method = its[name];
    return method ? valuesOf(index, name, method, word) : [];
  });
  if (word !== "") return [...nodes, ...ownMethods, ...values];
  return [...ownMethods.slice(0, 3), ...nodes.slice(0, most / 2), ...ownMethods.slice(3)];
}

function nodeSuggestion(index: ManifestIndex, node: NodeFacts): Suggestion {
  const detail = [node.type.replace("_", " "), node.materialized].filter(Boolean).join(", ");
  return { text: selectorOf(index, node) ?? node.name, detail, kind: "node" };
}

function valuesOf(index: ManifestIndex, name: string, method: Method, word: string): Suggestion[] {
  return best([...new Set(method.values(index))], word, (value) => value).map((value) => ({
    text: `${name}:${value}`,
    detail: method.detailOf?.(value) || method.detail,
    kind: method.kind,
  }));
}

/** Those that hold the word: where it is all of them first, then where they begin with it, then where one of their parts does. */
function best<Item>(items: readonly Item[], word: string, textOf: (item: Item) => string): Item[] {
  const wanted = word.toLowerCase();
  if (wanted === "") return items.slice(0, most);
  const ranked: { item: Item; rank: number }[] = [];
  for (const item of items) {
    const at = textOf(item).toLowerCase().indexOf(wanted);
    if (at < 0) continue;
    const isAll = textOf(item).length === wanted.length;
    const rank = isAll ? 0 : at === 0 ? 1 : /[_./]/.test(textOf(item)[at - 1] ?? "") ? 2 : 3;
    ranked.push({ item, rank });
  }
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ item }) => item);
}

function tags(index: ManifestIndex): string[] {
  return sorted(all(index).flatMap((node) => node.tags ?? []));
}

function paths(index: ManifestIndex): string[] {
  const own = all(index).filter(
    ({ packageName, type }) => packageName === index.projectName && type !== "macro" && type !== "doc",
  );
  const folders = new Set<string>();
  const files = new Set<string>();
  for (const { path } of own) {
    files.add(path);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
      folders.add(path.slice(0, end));
  }
  return [...sorted(folders), ...sorted(files)];
}

function sources(index: ManifestIndex): string[] {
  const tables = index.ofType("source");
  return sorted(tables.flatMap(({ source = "", name }) => [source, `${source}.${name}`]));
}

function packages(index: ManifestIndex): string[] {
  const names = all(index).map(({ packageName }) => packageName);
  return sorted(["this", ...names.filter((name) => !index.isInternal(name))]);
}

function fileNames(index: ManifestIndex): string[] {
  return sorted(
    selectable.flatMap((type) => index.ofType(type).map(({ path }) => path.split("/").at(-1) ?? "")),
  );
}

function fqns(index: ManifestIndex): string[] {
  return sorted(
    selectable.flatMap((type) => index.ofType(type).map(({ fqn, name }) => fqn?.join(".") ?? name)),
  );
}

function genericTests(index: ManifestIndex): string[] {
  return sorted(index.ofType("test").flatMap(({ test }) => test?.generic?.split(".").at(-1) ?? []));
}

function resourceTypeNames(index: ManifestIndex): string[] {
  return resourceTypes.filter(
    (type) => type !== "macro" && type !== "doc" && type !== "operation" && index.count(type) > 0,
  );
}

function names(index: ManifestIndex, type: ResourceType): string[] {
  return index.ofType(type).map(({ name }) => name);
}

function facts(index: ManifestIndex, key: "group" | "materialized"): string[] {
  return sorted(all(index).flatMap((node) => node[key] ?? []));
}

function all(index: ManifestIndex): NodeFacts[] {
  return [...index.all()];
}

function sorted(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}
