import { runnerAddressVariable, type SuiteEvent } from "../bridge.ts";
import { asNew, filesSeen } from "./asNew.ts";
import { runTests } from "./tests.ts";
import { suiteTests } from "./suiteTests.ts";

/** The first window takes the suites, one after another; another window finds them taken and only hosts the product. */
export async function activate(): Promise<void> {
  const runner = process.env[runnerAddressVariable];
  if (runner === undefined) return;
  const ask = async (what: "first" | "next" | "workspace"): Promise<string> => {
    const answer = await fetch(`${runner}/${what}`, { method: "POST" });
    return answer.text();
  };
  const send = async (event: SuiteEvent): Promise<void> => {
    await fetch(`${runner}/event`, { method: "POST", body: JSON.stringify(event) });
  };
  const first = await ask("first");
  if (first === "") return;
  // Not awaited: activation must not wait for the tests.
  void (async () => {
    for (let name = first; name !== ""; name = await ask("next")) {
      if (name !== first) {
        await asNew();
        await ask("workspace");
        await filesSeen();
      }
      await suiteTests[name]?.();
      await runTests(send);
    }
  })();
}
