import type { JinjaCall } from "./jinjaCalls.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";
import { isReferable } from "./selectors.ts";

/** What a call means: nodes, or a variable of the project. Several where only dbt can tell which one. */
export type Meaning = { kind: "nodes"; nodes: NodeFacts[] } | { kind: "var"; name: string };

/** Names that Jinja in dbt knows without a macro. */
export const builtins: ReadonlySet<string> = new Set(
  [
    "ref",
    "source",
    "var",
    "doc",
    "config",
    "env_var",
    "metric",
    "log",
    "return",
    "print",
    "set",
    "zip",
  ].concat([
    "is_incremental",
    "run_query",
    "statement",
    "load_result",
    "fromjson",
    "tojson",
    "fromyaml",
    "toyaml",
  ]),
);

/** @param packageName package of the file the call stands in: its own names go before those of others */
export function meaningOf(index: ManifestIndex, packageName: string, call: JinjaCall): Meaning | null {
  const texts = call.args.map((arg) => arg?.text);
  // Python models say `dbt.ref("customers")`.
  const isPlain = call.packageName === undefined || ["builtins", "dbt"].includes(call.packageName);
  const [first, second] = texts;
  if (isPlain && call.name === "ref") return nodes(referred(index, packageName, call));
  if (isPlain && call.name === "source") {
    return nodes(sourceTables(index, first ?? "").filter(({ name }) => name === second));
  }
  if (isPlain && call.name === "var") return first === undefined ? null : { kind: "var", name: first };
  if (isPlain && call.name === "doc") {
    const name = second ?? first ?? "";
    const docs = index.named(name).filter(({ type }) => type === "doc");
    return nodes(
      nearest(index, docs, second === undefined ? packageName : (first ?? ""), second !== undefined),
    );
  }
  if (isPlain && call.name === "metric") {
    return nodes(index.named(second ?? first ?? "").filter(({ type }) => type === "metric"));
  }
  return nodes(macros(index, packageName, call.name, call.packageName));
}

/** Macros of a name, as a call in a package means them. */
export function macros(
  index: ManifestIndex,
  packageName: string,
  name: string,
  ofPackage: string | undefined,
): NodeFacts[] {
  const all = index.named(name).filter(({ type }) => type === "macro");
  if (ofPackage === "dbt") return all.filter((facts) => index.isInternal(facts.packageName));
  if (ofPackage !== undefined) return all.filter((facts) => facts.packageName === ofPackage);
  return nearest(index, all, packageName, false);
}

/** The tables of a source. */
export function sourceTables(index: ManifestIndex, source: string): NodeFacts[] {
  return index.ofType("source").filter((facts) => facts.source === source);
}

function referred(index: ManifestIndex, packageName: string, { args, version }: JinjaCall): NodeFacts[] {
  const [first, second] = args.map((arg) => arg?.text);
  const name = second ?? first;
  if (name === undefined) return [];
  const all = index.named(name).filter(isReferable);
  const own =
    second === undefined ? nearest(index, all, packageName, false) : nearest(index, all, first ?? "", true);
  const versioned = own.filter((facts) => facts.version !== undefined);
  if (versioned.length === 0) return own;
  const wanted = version ?? versioned[0]?.latestVersion;
  const exact = versioned.filter((facts) => facts.version === wanted);
  return exact.length > 0 ? exact : versioned;
}

/** Of a package if it is there; else of the project, of dbt, or of any. */
function nearest(index: ManifestIndex, all: NodeFacts[], packageName: string, isOnly: boolean): NodeFacts[] {
  const of = (is: (facts: NodeFacts) => boolean): NodeFacts[] => all.filter(is);
  const own = of((facts) => facts.packageName === packageName);
  if (own.length > 0 || isOnly) return own;
  const project = of((facts) => facts.packageName === index.projectName);
  if (project.length > 0) return project;
  const internal = of((facts) => index.isInternal(facts.packageName));
  return internal.length > 0 ? internal : all;
}

function nodes(found: NodeFacts[]): Meaning | null {
  return found.length === 0 ? null : { kind: "nodes", nodes: found };
}
