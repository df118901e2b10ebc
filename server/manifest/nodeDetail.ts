import type { NodeDetail } from "../../protocol/manifest.ts";
import type { Definitions } from "./definitions.ts";
import { byName, type ManifestIndex } from "./manifestIndex.ts";
import { isTest, type NodeFacts } from "./nodeFacts.ts";
import type { RunFacts } from "./runResults.ts";
import { referenceTo } from "./selectors.ts";

/** All that is known of a node; its line is read from its file. */
export async function nodeDetail(
  index: ManifestIndex,
  facts: NodeFacts,
  lastRun: RunFacts | null,
  definitions: Definitions,
): Promise<NodeDetail> {
  const place = await definitions.of(index, facts);
  const children = index.children(facts.id).sort(byName);
  const testsOf = (column: string): string[] =>
    children
      .filter(({ test }) => test?.column?.toLowerCase() === column.toLowerCase() && test.of === facts.id)
      .map(({ test, name }) => test?.generic ?? name);
  const isMacro = facts.type === "macro";
  return {
    uniqueId: facts.id,
    name: facts.name,
    resourceType: facts.type,
    packageName: facts.packageName,
    description: facts.description ?? facts.text ?? "",
    relation: facts.relation ?? null,
    materialized: facts.materialized ?? null,
    tags: facts.tags ?? [],
    owner: facts.owner ?? null,
    access: facts.access ?? null,
    columns: (facts.columns ?? []).map(({ name, type, description }) => ({
      name,
      type: type ?? null,
      description: description ?? "",
      tests: testsOf(name),
    })),
    filePath: place?.filePath ?? index.filePathOf(facts),
    line: place ? place.line + 1 : null,
    parents: isMacro ? (facts.macros ?? []) : (facts.parents ?? []),
    children: (isMacro ? index.callers(facts.id) : children.filter((each) => !isTest(each))).map(
      ({ id }) => id,
    ),
    lastRun: lastRun && {
      status: lastRun.status,
      seconds: lastRun.seconds,
      message: lastRun.message,
      at: lastRun.at,
      ...(lastRun.inEnvironment && { inEnvironment: true }),
    },
    reference: referenceTo(index, facts),
  };
}
