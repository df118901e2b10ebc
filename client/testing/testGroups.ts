import type { TestFacts } from "../../protocol/manifest.ts";

/** What tests are listed under: the model, source or other node they test. */
export interface TestGroup {
  /** Unique id of the node; "" for tests that test several at once, or none. */
  id: string;
  label: string;
  /** Of the node: "model", "semantic_model"; null where there is none. */
  type: string | null;
  tests: TestFacts[];
}

/** Models first, as they are what people look for; then by name. */
const order = ["model", "source", "seed", "snapshot"];

export function testGroups(tests: readonly TestFacts[]): TestGroup[] {
  const byParent = Map.groupBy(tests, ({ parentId }) => parentId ?? "");
  return [...byParent.entries()]
    .map(([id, group]): TestGroup => {
      const type = group[0]?.parentType ?? null;
      return {
        id,
        label: id === "" ? "Other tests" : (group[0]?.parentName ?? id),
        type: id === "" ? null : type,
        tests: group.toSorted((a, b) => a.name.localeCompare(b.name)),
      };
    })
    .toSorted((a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label));
}

function rank({ id, type }: TestGroup): number {
  if (id === "") return order.length + 1;
  const place = order.indexOf(type ?? "");
  return place < 0 ? order.length : place;
}

/** What a run of these tests is called. */
export function titleOf(tests: readonly Pick<TestFacts, "name" | "parentName">[], all: boolean): string {
  const [first] = tests;
  if (all || !first) return "all tests";
  if (tests.length === 1) return first.name;
  const oneParent = tests.every(({ parentName }) => parentName === first.parentName);
  return oneParent && first.parentName !== null
    ? `${tests.length} tests of ${first.parentName}`
    : `${tests.length} tests`;
}
