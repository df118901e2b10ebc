import { takeWaits } from "./waits.ts";
import type { SuiteEvent, TestResult } from "../bridge.ts";

type Body = () => Promise<void> | void;
/** Of the suite that runs. */
const declared: { name: string; body: Body; seconds: number; skip?: string }[] = [];

/** Declares a test. Tests run one after another, in the order of their declaration, in one window. */
export function test(name: string, body: Body, options: { seconds?: number } = {}): void {
  declared.push({ name, body, seconds: options.seconds ?? 60 });
}

/** Runs what was declared since the last time. */
export async function runTests(send: (event: SuiteEvent) => Promise<void>): Promise<void> {
  const tests = declared.splice(0);
  await send({ event: "plan", tests: tests.map(({ name }) => name) });
  for (const { name, body, seconds } of tests) {
    await send({ event: "started", name });
    await send({ event: "finished", result: await runTest(name, body, seconds) });
  }
  await send({ event: "end" });
}

async function runTest(name: string, body: Body, limit: number): Promise<TestResult> {
  const began = performance.now();
  const seconds = (): number => Math.round((performance.now() - began) / 10) / 100;
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${limit} s`)), limit * 1000);
  });
  try {
    await Promise.race([Promise.resolve().then(body), tooLong]);
    return { name, status: "passed", seconds: seconds(), waits: takeWaits() };
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { name, status: "failed", message, seconds: seconds(), waits: takeWaits() };
  } finally {
    clearTimeout(timer);
  }
}
