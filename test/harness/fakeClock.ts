import type { Clock } from "../../server/platform/clock.ts";

/** A clock on which whoever sleeps is woken at once, and so much later it then is. */
export class FakeClock implements Clock {
  #now: number;
  /** What was slept, in milliseconds. */
  readonly slept: number[] = [];

  constructor(now = Date.parse("2026-11-29T12:00:00Z")) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    this.slept.push(milliseconds);
    this.#now += milliseconds;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** In the middle, so that jitter is none. */
  random(): number {
    return 0.5;
  }
}
