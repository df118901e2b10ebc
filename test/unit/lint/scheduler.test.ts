import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LintScheduler, typingPauseMs } from "../../../server/lint/scheduler.ts";

/** What was linted: when it started, and whether it was given up. */
interface Run {
  text: string;
  aborted: boolean;
  done: boolean;
}

describe("LintScheduler", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  let text = "";
  const scheduled = (lintMs: number): { scheduler: LintScheduler; runs: Run[] } => {
    const runs: Run[] = [];
    const scheduler = new LintScheduler(async (_key, signal) => {
      const run: Run = { text, aborted: false, done: false };
      runs.push(run);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          run.done = true;
          resolve();
        }, lintMs);
        signal.addEventListener("abort", () => {
          run.aborted = true;
          clearTimeout(timer);
          resolve();
        });
      });
    });
    return { scheduler, runs };
  };
  const type = (scheduler: LintScheduler, typed: string): void => {
    text = typed;
    scheduler.edited("a");
  };

  test("the first edit after a pause is linted at once", () => {
    const { scheduler, runs } = scheduled(300);
    type(scheduler, "s");
    expect(runs.map((run) => run.text)).toEqual(["s"]);
  });

  test.each([20, 300, 3000])(
    "50 edits at 30 ms, with lints of %i ms, cost two lints and end in the last text",
    async (lintMs) => {
      const { scheduler, runs } = scheduled(lintMs);
      for (let index = 1; index <= 50; index += 1) {
        type(scheduler, "s".repeat(index));
        await vi.advanceTimersByTimeAsync(30);
      }
      await vi.advanceTimersByTimeAsync(10_000);
      expect(runs).toHaveLength(2);
      expect(runs.at(-1)).toEqual({ text: "s".repeat(50), aborted: false, done: true });
    },
  );

  test("a superseded lint is aborted as soon as the text is older", async () => {
    const { scheduler, runs } = scheduled(1000);
    type(scheduler, "s");
    await vi.advanceTimersByTimeAsync(20);
    type(scheduler, "se");
    expect(runs[0]).toMatchObject({ text: "s", aborted: true });
  });

  test("an edit after a pause does not wait, even while an older lint runs", async () => {
    const { scheduler, runs } = scheduled(1000);
    type(scheduler, "s");
    await vi.advanceTimersByTimeAsync(typingPauseMs);
    type(scheduler, "se");
    expect(runs.map(({ text: its, aborted }) => [its, aborted])).toEqual([
      ["s", true],
      ["se", false],
    ]);
  });

  test("documents do not wait for each other", () => {
    const { scheduler, runs } = scheduled(1000);
    scheduler.edited("a");
    scheduler.edited("b");
    expect(runs).toHaveLength(2);
  });

  test("whenIdle waits for the newest text, not for one that was given up", async () => {
    const { scheduler, runs } = scheduled(100);
    let idle = false;
    type(scheduler, "s");
    await vi.advanceTimersByTimeAsync(10);
    type(scheduler, "se");
    const waiting = scheduler.whenIdle("a").then(() => {
      idle = true;
    });
    await vi.advanceTimersByTimeAsync(typingPauseMs + 99);
    expect(idle).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(runs.at(-1)).toMatchObject({ text: "se", done: true });
  });

  test("a forgotten document is given up, and those who wait for it go on", async () => {
    const { scheduler, runs } = scheduled(1000);
    type(scheduler, "s");
    const waiting = scheduler.whenIdle("a");
    scheduler.forget("a");
    await waiting;
    await vi.advanceTimersByTimeAsync(5000);
    expect(runs).toEqual([{ text: "s", aborted: true, done: false }]);
  });
});
