import type { Clock } from "../../platform/clock.ts";

/** What dbt Cloud's documents say a client that was too fast has to wait, where the answer does not say it. */
const defaultSeconds = 300;
/** An answer that asks for more is a mistake of somebody's. */
const longestSeconds = 3600;

/** How long each account must be left alone: one for all projects of this process. */
export class CoolDowns {
  readonly #until = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param retryAfter the header: seconds, or a date; null where there is none. @returns milliseconds to wait */
  start(key: string, retryAfter: string | null): number {
    const milliseconds = retryAfterMilliseconds(retryAfter, this.#clock.now()) ?? defaultSeconds * 1000;
    const until = this.#clock.now() + Math.min(milliseconds, longestSeconds * 1000);
    this.#until.set(key, Math.max(until, this.#until.get(key) ?? 0));
    return this.remaining(key);
  }

  /** Milliseconds this account must still be left alone; 0 if it may be asked. */
  remaining(key: string): number {
    return Math.max(0, (this.#until.get(key) ?? 0) - this.#clock.now());
  }
}

function retryAfterMilliseconds(value: string | null, now: number): number | null {
  if (value === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
