import { expect, test } from "vitest";
import { runInLanes } from "../../../scripts/testing/lanes.mjs";

test("a chain runs in its order, and two stages at a time", async () => {
  const events: string[] = [];
  const ends = new Map<string, () => void>();
  const end = async (name: string): Promise<void> => {
    await expect.poll(() => ends.has(name)).toBe(true);
    ends.get(name)!();
  };
  const all = runInLanes([["build", "editor"], []], ["unit", "server", "cli"], (name) => {
    events.push(name);
    return new Promise((resolve) => ends.set(name, resolve));
  });
  await end("unit");
  await end("server");
  await end("build");
  await expect.poll(() => events).toEqual(["build", "unit", "server", "cli", "editor"]);
  await end("editor");
  await end("cli");
  await all;
});

test("what is left is taken by whichever lane is free, and each stage runs once", async () => {
  const ran: string[] = [];
  await runInLanes([["build"], []], ["a", "b", "c"], (name) => Promise.resolve(void ran.push(name)));
  expect(ran.toSorted()).toEqual(["a", "b", "build", "c"]);
});
