import { describe, expect, it } from "vitest";
import { coalesced } from "../../../client/coalesce.ts";

/** Work that ends when told to, and counts. */
function heldWork() {
  const runs: { end: () => void; fail: () => void }[] = [];
  let active = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++active);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    runs.push({ end: () => resolve(undefined), fail: () => reject(new Error("failed")) });
    try {
      await promise;
    } finally {
      active--;
    }
  };
  return { work, runs, mostAtOnce: () => most };
}

describe("coalesced", () => {
  it("runs once for one call", async () => {
    const { work, runs } = heldWork();
    const done = coalesced(work)();
    runs[0]!.end();
    await done;
    expect(runs).toHaveLength(1);
  });

  it("makes any number of calls while it runs into one further run, never two at once", async () => {
    const { work, runs, mostAtOnce } = heldWork();
    const call = coalesced(work);
    const first = call();
    const others = [call(), call(), call()];
    expect(runs).toHaveLength(1);
    runs[0]!.end();
    await first;
    await expect.poll(() => runs.length).toBe(2);
    runs[1]!.end();
    await Promise.all(others);
    expect(runs).toHaveLength(2);
    expect(mostAtOnce()).toBe(1);
  });

  it("goes on after a failure, which only those who waited for that run see", async () => {
    const { work, runs } = heldWork();
    const call = coalesced(work);
    const first = call();
    const second = call();
    runs[0]!.fail();
    await expect(first).rejects.toThrow("failed");
    await expect.poll(() => runs.length).toBe(2);
    runs[1]!.end();
    await second;
    const third = call();
    runs[2]!.end();
    await third;
  });
});
