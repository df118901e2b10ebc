import type { TestResult } from "../bridge.ts";

/** Shorter ones are no reason to look at a test, in seconds. */
const worthTelling = 3;

let waits: NonNullable<TestResult["waits"]> = [];

/** Remembers how long something took, if it was long. */
export async function timed<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    if (seconds >= worthTelling) waits.push({ what, seconds });
  }
}

/** What was remembered since the last time. */
export function takeWaits(): NonNullable<TestResult["waits"]> {
  const taken = waits;
  waits = [];
  return taken;
}
