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

/**
 * What may stand at an offset of a selection: names, and the values of dbt's methods. The operators around a name
 * (`+name+`, `2+name`, `@name`) and the other parts of a union (a space) or an intersection (a comma) stay as they are.
 */
export function completeSelector(
  index: ManifestIndex,
  text: string,
  offset: number,
  selectors: readonly NamedSelector[] = [],
): SelectorSuggestion[] {
  const its = selectors.length > 0 ? { ...methods, selector: namedSelections(selectors) } : methods;
  const at = Math.max(0, Math.min(offset, text.length));
  const { from, to } = wordAt(text, at);
  const word = text.slice(from, at);
  const colon = word.indexOf(":");
  const method = colon < 0 ? undefined : its[word.slice(0, colon)];
  const found =
    colon < 0
      ? anything(index, word, its)
      : method
        ? valuesOf(index, word.slice(0, colon), method, word.slice(colon + 1))
        : [];
  return found.slice(0, most).map((suggestion) => ({ from, to, ...suggestion }));
}

/** The name or method and value around an offset, without the operators around it. */
function wordAt(text: string, at: number): { from: number; to: number } {
  const before = text.slice(0, at).search(/[^\s,]*$/);
  const after = text.slice(at).search(/[\s,]|$/);
  const token = text.slice(before, at + after);
  const prefix = /^(?:@|\d*\+)/.exec(token)?.[0].length ?? 0;
  const suffix = /\+\d*$/.exec(token.slice(prefix))?.[0].length ?? 0;
  const from = Math.min(at, before + prefix);
  return { from, to: Math.max(at, before + token.length - suffix) };
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
  return word === "" ? [...ownMethods, ...nodes] : [...nodes, ...ownMethods, ...values];
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

/** Those that hold the word: where they begin with it first, then where one of their parts does. */
function best<Item>(items: readonly Item[], word: string, textOf: (item: Item) => string): Item[] {
  const wanted = word.toLowerCase();
  if (wanted === "") return items.slice(0, most);
  const ranked: { item: Item; rank: number }[] = [];
  for (const item of items) {
    const at = textOf(item).toLowerCase().indexOf(wanted);
    if (at >= 0) ranked.push({ item, rank: at === 0 ? 0 : /[_./]/.test(textOf(item)[at - 1] ?? "") ? 1 : 2 });
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
