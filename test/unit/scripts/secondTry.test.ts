import { expect, test } from "vitest";
import { tryAgain } from "../../../scripts/testing/secondTry.mjs";

type Outcome = { name: string; status: "passed" | "failed" };

const passed = (name: string): Outcome => ({ name, status: "passed" });
const failed = (name: string): Outcome => ({ name, status: "failed" });

function stageOf(first: Outcome[], second: Outcome[] = []) {
  const asked: string[][] = [];
  const again = (units: string[]) => {
    asked.push(units);
    return Promise.resolve(second);
  };
  return { run: () => tryAgain({ again }, first), asked };
}

test("the file of a failed test is run again, once, and what it says then counts", async () => {
  const first = [passed("a.test.ts › one"), failed("b.test.ts › two"), passed("b.test.ts › three")];
  const { run, asked } = stageOf(first, [passed("b.test.ts › two"), passed("b.test.ts › three")]);
  const { tests, unsteady } = await run();
  expect(asked).toEqual([["b.test.ts"]]);
  expect(tests).toHaveLength(3);
  expect(tests.every(({ status }) => status === "passed")).toBe(true);
  expect(unsteady).toEqual(["b.test.ts › two"]);
});

test("a test that fails again stays failed", async () => {
  const { run } = stageOf([failed("b.test.ts › two")], [failed("b.test.ts › two")]);
  const { tests, unsteady } = await run();
  expect(tests).toEqual([failed("b.test.ts › two")]);
  expect(unsteady).toEqual([]);
});

test("many failures are no accident, and a stage that did not start has nothing to choose", async () => {
  const many = stageOf(Array.from({ length: 7 }, (_, index) => failed(`${index}.test.ts › it`)));
  expect((await many.run()).tests).toHaveLength(7);
  const broken = stageOf([failed("worker: ended with 1")]);
  expect((await broken.run()).tests).toHaveLength(1);
  expect([...many.asked, ...broken.asked]).toEqual([]);
});

test("a stage that cannot run a part of itself is run once", async () => {
  const first = [failed("typecheck › it")];
  expect(await tryAgain({}, first)).toEqual({ tests: first, unsteady: [] });
});
