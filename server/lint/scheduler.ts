/** Quiet time after which typing counts as paused, in milliseconds: longer than the gaps of fluent typing. */
export const typingPauseMs = 150;

interface Entry {
  lastEdit: number;
  timer: NodeJS.Timeout | null;
  running: AbortController | null;
  /** Resolvers of those who wait until the newest text is dealt with. */
  waiting: (() => void)[];
}

/**
 * When each document is linted. The first edit after a pause is linted at once; while the typing goes on, the next lint
 * waits until it pauses, and what was being linted of an older text is aborted. So a burst of keys costs two lints.
 */
export class LintScheduler {
  readonly #run: (key: string, signal: AbortSignal) => Promise<void>;
  readonly #entries = new Map<string, Entry>();

  /** @param run lints the text the document has now; never rejects */
  constructor(run: (key: string, signal: AbortSignal) => Promise<void>) {
    this.#run = run;
  }

  /** The document was edited. */
  edited(key: string): void {
    const entry = this.#entry(key);
    const now = Date.now();
    const paused = now - entry.lastEdit >= typingPauseMs;
    entry.lastEdit = now;
    if (paused) {
      void this.runNow(key);
      return;
    }
    entry.running?.abort();
    if (entry.timer) clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void this.runNow(key), typingPauseMs);
  }

  /** Lints now, instead of whatever runs or waits for this document. Resolves when that lint has ended or was superseded. */
  async runNow(key: string, outer?: AbortSignal): Promise<void> {
    const entry = this.#entry(key);
    if (entry.timer) clearTimeout(entry.timer);
    entry.timer = null;
    entry.running?.abort();
    const controller = new AbortController();
    entry.running = controller;
    const signal = outer ? AbortSignal.any([outer, controller.signal]) : controller.signal;
    try {
      await this.#run(key, signal);
    } finally {
      const latest = this.#entries.get(key);
      if (latest?.running === controller) {
        latest.running = null;
        if (!latest.timer) wake(latest);
      }
    }
  }

  /** Resolves once no lint of this document runs or is to come. */
  async whenIdle(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (!entry || (!entry.running && !entry.timer)) return;
    await new Promise<void>((resolve) => entry.waiting.push(resolve));
  }

  /** The document is gone: nothing of it is linted any more. @returns whether its newest text was still to be */
  forget(key: string): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    const wasDue = entry.timer !== null || entry.running !== null;
    if (entry.timer) clearTimeout(entry.timer);
    entry.running?.abort();
    this.#entries.delete(key);
    wake(entry);
    return wasDue;
  }

  [Symbol.dispose](): void {
    for (const key of [...this.#entries.keys()]) this.forget(key);
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { lastEdit: -Infinity, timer: null, running: null, waiting: [] };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

function wake(entry: Entry): void {
  for (const resolve of entry.waiting.splice(0)) resolve();
}
