import type { Browser } from "playwright-core";
import path from "node:path";
import { startCodeServer, workbenchUrl, writeProfile } from "../../../scripts/browserEditor.mjs";
import { runnerAddressVariable, type TestResult } from "../bridge.ts";
import type { Suite } from "../suite.ts";
import { startBridgeServer } from "./bridgeServer.ts";
import { nothingLeft } from "./leftovers.ts";
import { watchSuite, type SuiteEnd, type SuiteWatch } from "./watchSuite.ts";
import { openWorkbench, pageVerbs } from "./workbench.ts";
import { makeAnew } from "./workspaces.ts";

/** Nothing asks before it starts, and nothing moves: without a graphics card each frame of it costs the tests' own time. */
const unmoving = {
  "security.workspace.trust.startupPrompt": "never",
  "workbench.reduceMotion": "on",
  "editor.cursorBlinking": "solid",
};

export interface WindowRun {
  suites: readonly [Suite, ...Suite[]];
  /** A folder of this window alone. */
  dir: string;
  /** Where the product and the probe are installed. */
  extensionsDir: string;
  /** Further ones for code-server. */
  args: readonly string[];
  browser: Browser;
  screenshots: string;
  onSuite: (suite: Suite) => void;
  /** While its window is still open. */
  onSuiteEnd: (suite: Suite) => void;
  onResult: (suite: Suite, result: TestResult) => void;
  onLine: (line: string) => void;
}

/**
 * Runs suites one after another in one VS Code, with one profile and one workspace; what is installed is shared by all.
 * A suite that does not end is the last: those after it are not begun.
 */
export async function runWindow(run: WindowRun): Promise<void> {
  const [first] = run.suites;
  const left = [...run.suites];
  const workspace = path.join(run.dir, "workspace");
  const makeWorkspace = (suite: Suite): void =>
    makeAnew(workspace, (dir) => suite.makeWorkspace(dir), path.join(run.dir, "scratch"));
  makeWorkspace(first);
  await using started = new AsyncDisposableStack();
  if (first.start) started.use(await first.start(workspace));
  const profile = writeProfile(run.dir, {
    settings: run.suites.reduce((all, { settings }) => ({ ...all, ...settings }), unmoving),
    machineSettings: first.machineSettings ?? {},
    extensionsDir: run.extensionsDir,
  });

  let verbs: ReturnType<typeof pageVerbs> | undefined;
  const over = Promise.withResolvers<undefined>();
  const begin = (): { suite: Suite; watch: SuiteWatch; ended: Promise<SuiteEnd> } => {
    const suite = left.shift() ?? first;
    run.onSuite(suite);
    const watch = watchSuite(suite, (result) => run.onResult(suite, result));
    const ended = watch.ended.then(async (end) => {
      run.onSuiteEnd(suite);
      if (end.failed && verbs) await picturesOf(verbs);
      if (end.stuck || left.length === 0) over.resolve(undefined);
      return end;
    });
    return { suite, watch, ended };
  };
  let current = begin();
  await using bridge = await startBridgeServer({
    first: first.name,
    next: async () => {
      const { stuck } = await current.ended;
      if (stuck || left.length === 0) return "";
      current = begin();
      return current.suite.name;
    },
    makeWorkspace: () => makeWorkspace(current.suite),
    onEvent: (event) => current.watch.onEvent(event),
    page: () => {
      if (!verbs) throw new Error("The page is not open yet.");
      return verbs;
    },
  });
  const editor = await startCodeServer(profile, {
    args: [...run.args, ...(first.trusted ? ["--disable-workspace-trust"] : [])],
    // The folder in the environment marks every process below as this window's (leftovers.ts).
    env: {
      [runnerAddressVariable]: bridge.address,
      FLOE_DBT_EDITOR_SUITE: run.dir,
    },
    onLine: run.onLine,
  });
  try {
    const url = workbenchUrl(editor.url, workspace);
    const { context, page } = await openWorkbench(run.browser, url);
    verbs = pageVerbs(page, {
      screenshots: run.screenshots,
      suite: () => current.suite.name,
      openSecond: async () => {
        const opened = await context.newPage();
        await opened.goto(url);
        await opened.locator(".monaco-workbench").waitFor();
        return opened;
      },
    });
    await over.promise;
    await context.close();
  } finally {
    current.watch.stop();
    await editor.stop();
  }
  run.onResult(current.suite, await nothingLeft(run.dir));
}

/** What the window showed when a test had failed, and the product's log. */
async function picturesOf(verbs: ReturnType<typeof pageVerbs>): Promise<void> {
  await verbs.screenshot("failed").catch(() => undefined);
  await verbs.runCommand("Notifications: Show Notifications").catch(() => undefined);
  await verbs.runCommand("Floe dbt: Show Log").catch(() => undefined);
  await verbs.screenshot("failed-log").catch(() => undefined);
}
