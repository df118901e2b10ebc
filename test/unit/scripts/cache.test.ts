import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fillFolder, isReady, markReady, withCacheLock } from "../../../scripts/setup/cache.mjs";

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(path.join(tmpdir(), "floe-cache-"));
  vi.stubEnv("FLOE_DBT_CACHE", cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

test("one at a time is in the lock", async () => {
  const order: string[] = [];
  const inside = Promise.withResolvers<undefined>();
  const first = Promise.withResolvers<undefined>();
  const waiting = Promise.withResolvers<number>();
  const one = withCacheLock(async () => {
    order.push("one in");
    inside.resolve(undefined);
    await first.promise;
    order.push("one out");
  });
  await inside.promise;
  const two = withCacheLock(() => Promise.resolve(order.push("two in")), { onWait: waiting.resolve });
  expect(await waiting.promise).toBe(process.pid);
  first.resolve(undefined);
  await Promise.all([one, two]);
  expect(order).toEqual(["one in", "one out", "two in"]);
  expect(existsSync(path.join(cache, "setup.lock"))).toBe(false);
});

test("a lock whose owner is gone is taken over", async () => {
  // Above the largest process id a system gives.
  writeFileSync(path.join(cache, "setup.lock"), `${2 ** 31 - 1}\n`);
  expect(await withCacheLock(() => Promise.resolve("in"))).toBe("in");
});

test("the lock is free again after a failure", async () => {
  await expect(withCacheLock(() => Promise.reject(new Error("disk full")))).rejects.toThrow("disk full");
  expect(await withCacheLock(() => Promise.resolve("in"))).toBe("in");
});

test("a folder has its name only when it is filled", async () => {
  const dir = path.join(cache, "part");
  await expect(
    fillFolder(dir, (partial) => {
      writeFileSync(path.join(partial, "half"), "");
      return Promise.reject(new Error("no network"));
    }),
  ).rejects.toThrow("no network");
  expect(readdirSync(cache)).toEqual([]);
  await fillFolder(dir, (partial) => writeFile(path.join(partial, "whole"), ""));
  expect(readdirSync(dir)).toEqual(["whole"]);
});

test("a part is ready once its marker is written", async () => {
  expect(isReady("part")).toBe(false);
  await markReady("part");
  expect(isReady("part")).toBe(true);
});
