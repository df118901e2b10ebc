import type { JinjaSpot } from "./jinjaCalls.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";
import { builtins, sourceTables } from "./resolveCall.ts";
import { isReferable } from "./selectors.ts";

export interface Completion {
  label: string;
  /** What is put in, where it is not the label. */
  insert?: string;
  detail: string;
  description: string;
  kind: "node" | "source" | "macro" | "package" | "variable" | "doc" | "builtin";
}

/** Calls whose arguments are known by name. */
const takesNames = new Set(["ref", "source", "var", "doc", "metric"]);
/** The next letters bring the others. */
const most = 200;

/** What may stand at a spot. `isPartial`: there is more than this. */
export function completions(
  index: ManifestIndex,
  spot: JinjaSpot,
  typed: string,
  context: { packageName: string; vars: readonly string[] },
): { items: Completion[]; isPartial: boolean } {
  const named = (): Completion[] =>
    names(index, spot.kind === "name" ? spot.packageName : undefined, context.packageName);
  const all =
    spot.kind === "name" || (spot.kind === "argument" && !takesNames.has(spot.call.name))
      ? named()
      : values(index, spot, context.vars);
  const wanted = typed.toLowerCase();
  const fitting = wanted === "" ? all : all.filter(({ label }) => isIn(wanted, label.toLowerCase()));
  // The nearest first: what begins so, then what holds it, then what has its letters.
  const rank = ({ label }: Completion): number => {
    const at = label.toLowerCase().indexOf(wanted);
    return at === 0 ? 0 : at > 0 ? 1 : 2;
  };
  const ranked = wanted === "" ? fitting : fitting.toSorted((a, b) => rank(a) - rank(b));
  return { items: ranked.slice(0, most), isPartial: ranked.length > most };
}

/** Whether the letters of `wanted` are in a text in their order. */
function isIn(wanted: string, text: string): boolean {
  let at = 0;
  for (const letter of wanted) {
    at = text.indexOf(letter, at);
    if (at < 0) return false;
    at += 1;
  }
  return true;
}

function values(
  index: ManifestIndex,
  { call, index: argument }: JinjaSpot & { kind: "text" | "argument" },
  vars: readonly string[],
): Completion[] {
  const first = call.args[0]?.text;
  switch (call.name) {
    case "ref":
      return references(index, argument, first);
    case "source":
      return argument === 0 ? sources(index) : argument === 1 ? tables(index, first ?? "") : [];
    case "var":
      return argument === 0 ? variables(index, vars) : [];
    case "doc":
      return docs(index, argument === 1 ? first : undefined);
    case "metric":
      return argument === 0 ? index.ofType("metric").map((node) => nodeItem(node, "node")) : [];
    default:
      return [];
  }
}

function references(index: ManifestIndex, argument: number, first: string | undefined): Completion[] {
  const all = (["model", "seed", "snapshot"] as const)
    .flatMap((type) => [...index.ofType(type)])
    .filter(isReferable);
  if (argument === 1)
    return distinct(
      all.filter(({ packageName }) => packageName === first).map((node) => nodeItem(node, "node")),
    );
  if (argument > 1) return [];
  const packages = [...new Set(all.map(({ packageName }) => packageName))].filter(
    (name) => name !== index.projectName,
  );
  return distinct([
    ...all.map((node) => nodeItem(node, "node")),
    ...packages.map((name): Completion => ({
      label: name,
      detail: "package",
      description: "",
      kind: "package",
    })),
  ]);
}

function sources(index: ManifestIndex): Completion[] {
  return distinct(
    index.ofType("source").map(({ source = "", sourceDescription = "" }): Completion => ({
      label: source,
      detail: "source",
      description: sourceDescription,
      kind: "source",
    })),
  );
}

function tables(index: ManifestIndex, source: string): Completion[] {
  return sourceTables(index, source).map((node) => nodeItem(node, "source"));
}

function variables(index: ManifestIndex, vars: readonly string[]): Completion[] {
  const used = [...index.all()].flatMap((facts) =>
    index.isInternal(facts.packageName) ? [] : (facts.vars ?? []),
  );
  return [...new Set([...vars, ...used])].sort().map((label) => ({
    label,
    detail: vars.includes(label) ? "variable of dbt_project.yml" : "variable",
    description: "",
    kind: "variable",
  }));
}

function docs(index: ManifestIndex, packageName: string | undefined): Completion[] {
  return index
    .ofType("doc")
    .filter((facts) =>
      packageName === undefined ? !index.isInternal(facts.packageName) : facts.packageName === packageName,
    )
    .map((facts) => ({
      label: facts.name,
      detail: "docs block",
      description: facts.text ?? "",
      kind: "doc",
    }));
}

/** Macros that may be called by bare name here, packages that have others, and what dbt knows without a macro. */
function names(index: ManifestIndex, ofPackage: string | undefined, packageName: string): Completion[] {
  const macros = index
    .ofType("macro")
    .filter(({ name }) => !/^(default__|test_|materialization_)/.test(name));
  if (ofPackage !== undefined) {
    const its = macros.filter((facts) =>
      ofPackage === "dbt" ? index.isInternal(facts.packageName) : facts.packageName === ofPackage,
    );
    return distinct(its.map(macroItem));
  }
  const own = macros.filter(
    (facts) => facts.packageName === packageName || facts.packageName === index.projectName,
  );
  const internal = macros.filter(
    (facts) => index.isInternal(facts.packageName) && !facts.name.includes("__"),
  );
  const others = new Set(
    macros
      .filter((facts) => !index.isInternal(facts.packageName) && facts.packageName !== packageName)
      .map((facts) => facts.packageName)
      .filter((name) => name !== index.projectName),
  );
  return distinct([
    ...own.map(macroItem),
    ...[...others].sort().map((name): Completion => ({
      label: name,
      insert: `${name}.`,
      detail: "package",
      description: "",
      kind: "package",
    })),
    ...[...builtins]
      .sort()
      .map((name): Completion => ({ label: name, detail: "dbt", description: "", kind: "builtin" })),
    ...internal.map(macroItem),
  ]);
}

function macroItem({ name, packageName, arguments: its = [], description = "" }: NodeFacts): Completion {
  return { label: name, detail: `${packageName}.${name}(${its.join(", ")})`, description, kind: "macro" };
}

function nodeItem(node: NodeFacts, kind: "node" | "source"): Completion {
  const detail = [node.type, node.materialized, node.packageName].filter(Boolean).join(", ");
  return { label: node.name, detail, description: node.description ?? "", kind };
}

function distinct(items: Completion[]): Completion[] {
  const byLabel = new Map<string, Completion>();
  for (const item of items) if (!byLabel.has(item.label)) byLabel.set(item.label, item);
  return [...byLabel.values()];
}
