import type { SuiteEvent, TestResult } from "../bridge.ts";
import type { Suite } from "../suite.ts";

/** How a suite ended: `stuck` if one of its tests did not. */
export interface SuiteEnd {
  failed: boolean;
  stuck: boolean;
}

export interface SuiteWatch {
  onEvent: (event: SuiteEvent) => void;
  ended: Promise<SuiteEnd>;
  /** Waits no longer. */
  stop: () => void;
}

/** Tells the results of a suite; what is planned and never finishes is a failure, by name. */
export function watchSuite(suite: Suite, onResult: (result: TestResult) => void): SuiteWatch {
  const results: TestResult[] = [];
  let planned: string[] | undefined;
  let running: string | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<SuiteEnd>();
  const keep = (result: TestResult): void => {
    results.push(result);
    onResult(result);
  };
  const timer = setTimeout(() => {
    const lost = planned?.filter((name) => !results.some((result) => result.name === name)) ?? [
      "the tests did not start",
    ];
    for (const name of lost) {
      const why = name === running ? "it did not end" : "it was not reached";
      keep({ name, status: "failed", message: `${why} within ${suite.seconds} s of the suite`, seconds: 0 });
    }
    resolve({ failed: true, stuck: true });
  }, suite.seconds * 1000);
  const onEvent = (event: SuiteEvent): void => {
    switch (event.event) {
      case "plan":
        planned = event.tests;
        break;
      case "started":
        running = event.name;
        break;
      case "finished":
        keep(event.result);
        break;
      case "end":
        clearTimeout(timer);
        resolve({ failed: results.some(({ status }) => status === "failed"), stuck: false });
        break;
    }
  };
  return { onEvent, ended, stop: () => clearTimeout(timer) };
}
