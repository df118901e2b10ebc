import type { ResourceType } from "../../protocol/manifest.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";

/** Types that dbt selects by bare name, so that one name may mean several nodes. */
const selectedByName: ReadonlySet<ResourceType> = new Set<ResourceType>([
  "model",
  "seed",
  "snapshot",
  "analysis",
  "test",
  "function",
]);

/** What selects this node alone; null for what dbt cannot select: macros, docs. */
export function selectorOf(index: ManifestIndex, facts: NodeFacts): string | null {
  const { type, name, packageName } = facts;
  if (type === "macro" || type === "doc" || type === "operation") return null;
  if (type === "source") {
    const isAlone = index
      .named(name)
      .every((each) => each.id === facts.id || each.type !== "source" || each.source !== facts.source);
    return `source:${isAlone ? "" : `${packageName}.`}${facts.source ?? ""}.${name}`;
  }
  if (!selectedByName.has(type)) return `${type}:${isOnly(index, facts) ? "" : `${packageName}.`}${name}`;
  if (facts.version !== undefined) return `${name}.v${facts.version}`;
  return isOnly(index, facts) || !facts.fqn ? name : facts.fqn.join(".");
}

/** Whether no other node answers to the same name. */
function isOnly(index: ManifestIndex, facts: NodeFacts): boolean {
  const answers = (each: NodeFacts): boolean =>
    selectedByName.has(facts.type) ? selectedByName.has(each.type) : each.type === facts.type;
  return index.named(facts.name).every((each) => each.id === facts.id || !answers(each));
}

/** `{{ ref('customers') }}`; null for what SQL cannot refer to. */
export function referenceTo(index: ManifestIndex, facts: NodeFacts): string | null {
  const { type, name, packageName } = facts;
  const isOwn = packageName === index.projectName;
  if (isReferable(facts)) {
    const others = index.named(name).some((each) => each.packageName !== packageName && isReferable(each));
    const packaged = others || !isOwn ? `'${packageName}', ` : "";
    const versioned = facts.version === undefined ? "" : `, v=${facts.version}`;
    return `{{ ref(${packaged}'${name}'${versioned}) }}`;
  }
  if (type === "source") return `{{ source('${facts.source ?? ""}', '${name}') }}`;
  if (type === "macro") {
    const prefix = isOwn || index.isInternal(packageName) ? "" : `${packageName}.`;
    return `{{ ${prefix}${name}(${(facts.arguments ?? []).join(", ")}) }}`;
  }
  if (type === "doc") return `{{ doc(${isOwn ? "" : `'${packageName}', `}'${name}') }}`;
  return type === "metric" ? `{{ metric('${name}') }}` : null;
}

export function isReferable({ type }: NodeFacts): boolean {
  return type === "model" || type === "seed" || type === "snapshot";
}
