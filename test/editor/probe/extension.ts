import { runnerAddressVariable, type SuiteEvent } from "../bridge.ts";
import { runTests } from "./tests.ts";
import { suiteTests } from "./suiteTests.ts";

/** The first window takes the suite; another window of it finds it taken and only hosts the product. */
export async function activate(): Promise<void> {
  const runner = process.env[runnerAddressVariable];
  if (runner === undefined) return;
  const taken = await fetch(`${runner}/suite`, { method: "POST" });
  const name = await taken.text();
  if (name === "") return;
  const send = async (event: SuiteEvent): Promise<void> => {
    await fetch(`${runner}/event`, { method: "POST", body: JSON.stringify(event) });
  };
  // Not awaited: activation must not wait for the tests.
  void (async () => {
    await suiteTests[name]?.();
    await runTests(send);
  })();
}
