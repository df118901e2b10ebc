import type { Browser } from "playwright-core";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { startCodeServer, workbenchUrl, writeProfile } from "../../../scripts/browserEditor.mjs";
import { runnerAddressVariable, type SuiteEvent, type TestResult } from "../bridge.ts";
import type { Suite } from "../suite.ts";
import { startBridgeServer } from "./bridgeServer.ts";
import { nothingLeft } from "./leftovers.ts";
import { openWorkbench, pageVerbs } from "./workbench.ts";

/** Nothing asks before it starts, and nothing moves: without a graphics card each frame of it costs the tests' own time. */
const unmoving = {
  "security.workspace.trust.startupPrompt": "never",
  "workbench.reduceMotion": "on",
  "editor.cursorBlinking": "solid",
};

export interface SuiteRun {
  /** A folder of this suite alone. */
  dir: string;
  /** Where the product and the probe are installed. */
  extensionsDir: string;
  browser: Browser;
  screenshots: string;
  onResult: (result: TestResult) => void;
  onLine: (line: string) => void;
}

/** Runs one suite in a VS Code, a profile and a workspace of its own; what is installed is shared. */
export async function runSuite(suite: Suite, run: SuiteRun): Promise<TestResult[]> {
  const workspace = path.join(run.dir, "workspace");
  mkdirSync(workspace, { recursive: true });
  suite.makeWorkspace(workspace);
  await using started = new AsyncDisposableStack();
  if (suite.start) started.use(await suite.start(workspace));
  const profile = writeProfile(run.dir, {
    settings: { ...unmoving, ...suite.settings },
    machineSettings: suite.machineSettings ?? {},
    extensionsDir: run.extensionsDir,
  });

  const watch = watchSuite(suite, run.onResult);
  const verbs: { current?: ReturnType<typeof pageVerbs> } = {};
  await using bridge = await startBridgeServer({
    suite: suite.name,
    onEvent: watch.onEvent,
    page: () => {
      if (!verbs.current) throw new Error("The page is not open yet.");
      return verbs.current;
    },
  });
  const editor = await startCodeServer(profile, {
    args: suite.trusted ? ["--disable-workspace-trust"] : [],
    // The folder in the environment marks every process below as this suite's (leftovers.ts).
    env: { [runnerAddressVariable]: bridge.address, FLOE_DBT_EDITOR_SUITE: run.dir },
    onLine: run.onLine,
  });
  let results: TestResult[];
  try {
    const url = workbenchUrl(editor.url, workspace);
    const { context, page } = await openWorkbench(run.browser, url);
    verbs.current = pageVerbs(page, {
      screenshots: run.screenshots,
      suite: suite.name,
      openSecond: async () => {
        const opened = await context.newPage();
        await opened.goto(url);
        await opened.locator(".monaco-workbench").waitFor();
        return opened;
      },
    });
    results = await watch.ended;
    if (results.some(({ status }) => status === "failed")) {
      await verbs.current.screenshot("failed").catch(() => undefined);
      await verbs.current.runCommand("Notifications: Show Notifications").catch(() => undefined);
      await verbs.current.runCommand("Floe dbt: Show Log").catch(() => undefined);
      await verbs.current.screenshot("failed-log").catch(() => undefined);
    }
    await context.close();
  } finally {
    await editor.stop();
  }
  const left = await nothingLeft(run.dir);
  run.onResult(left);
  return [...results, left];
}

/** Gathers the results; what is planned and never finishes is a failure, by name. */
function watchSuite(suite: Suite, onResult: (result: TestResult) => void) {
  const results: TestResult[] = [];
  let planned: string[] | undefined;
  let running: string | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<TestResult[]>();
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
    resolve(results);
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
        resolve(results);
        break;
    }
  };
  return { onEvent, ended };
}
