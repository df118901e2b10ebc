import type { TestFacts } from "../../protocol/manifest.ts";
import type { Definitions } from "./definitions.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import type { RunFacts } from "./runResults.ts";
import { selectorOf } from "./selectors.ts";

/** The tests of a project and of what it has installed, with where they are defined and how they did last. */
export async function testFacts(
  index: ManifestIndex,
  lastRun: (id: string) => RunFacts | null,
  definitions: Definitions,
): Promise<TestFacts[]> {
  const tests = [...index.ofType("test"), ...index.ofType("unit_test")];
  // In the manifest's order, which is the file's, so that the second of two equal tests finds the second place.
  const order = new Map([...index.all()].map(({ id }, at) => [id, at]));
  const inOrder = tests.toSorted((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  const places = await definitions.ofTests(index, inOrder);
  return tests.map((facts) => {
    const kind = facts.test?.kind ?? "singular";
    const nodes = index.parents(facts.id);
    const of = facts.test?.of ?? (nodes.length === 1 ? nodes[0]?.id : undefined);
    const parent = of === undefined ? undefined : index.node(of);
    const place = places.get(facts.id);
    const run = lastRun(facts.id);
    return {
      uniqueId: facts.id,
      name: facts.name,
      kind,
      parentId: parent?.id ?? null,
      parentName: parent ? parentName(parent) : null,
      parentType: parent?.type ?? null,
      column: facts.test?.column ?? null,
      filePath: place?.filePath ?? index.filePathOf(facts),
      line: place ? place.line + 1 : null,
      status: run?.status ?? null,
      message: run?.message ?? null,
      selector: selectorOf(index, facts) ?? facts.name,
    };
  });
}

function parentName({ type, source, name }: { type: string; source?: string; name: string }): string {
  return type === "source" && source !== undefined ? `${source}.${name}` : name;
}
