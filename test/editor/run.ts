import {
  mkdirSync,
  mkdtempSync,
  copyFileSync,
  createWriteStream,
  existsSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { chromiumLaunch } from "../../scripts/setup/chromium.mjs";
import { installExtensions, writeProfile } from "../../scripts/browserEditor.mjs";
import { packageExtension } from "../../scripts/package.mjs";
import { repoDir } from "../harness/environment.ts";
import { onlyNeededBuiltIns } from "./runner/builtIns.ts";
import { packageProbe } from "./runner/packageProbe.ts";
import { stopwatch, told } from "./runner/processorTime.ts";
import { runWindow } from "./runner/runWindow.ts";
import { inWindows, suites } from "./suites.ts";
import type { TestResult } from "./bridge.ts";
import type { Suite } from "./suite.ts";

/**
 * The editor tests: a real VS Code in a real browser with the packaged product, one suite after another; some share a window.
 *   node test/editor/run.ts [suite ...]     with FLOE_DBT_VSIX=<file> to test a package that is already made
 */
const resultsDir = path.join(repoDir, "test-results");
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) throw new Error(`There is no suite ${unknown.join(", ")}.`);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
mkdirSync(resultsDir, { recursive: true });
const temporary = mkdtempSync(path.join(tmpdir(), "floe-dbt-editor-"));
const results: TestResult[] = [];
const spent = stopwatch();
const tellSpent = (): void => console.log(`(${told(spent())})`);
try {
  const vsix = process.env["FLOE_DBT_VSIX"] ?? (await packageExtension()).vsix;
  const probe = await packageProbe(temporary);
  const extensionsDir = path.join(temporary, "extensions");
  await installExtensions(writeProfile(temporary, { extensionsDir }), [vsix, probe]);
  const builtIns = onlyNeededBuiltIns(path.join(temporary, "built-in"));
  const launch = chromiumLaunch();
  const browser = await chromium.launch({
    executablePath: launch.executablePath,
    env: { ...definedEnvironment(), ...launch.env },
    args: ["--no-sandbox", "--disable-gpu", "--headless=new"],
  });
  try {
    const windows = inWindows(suites.filter(({ name }) => chosen.length === 0 || chosen.includes(name)));
    for (let window; (window = windows.shift());) {
      const begun: Suite[] = [];
      const [{ name: title }] = window;
      const log = createWriteStream(path.join(resultsDir, `editor-${title}.log`));
      const dir = path.join(temporary, title);
      const keep = (suite: Suite | undefined, result: TestResult): void => {
        printResult(result);
        results.push({ ...result, name: `editor/${suite?.name ?? title} › ${result.name}` });
      };
      await runWindow({
        suites: window,
        dir,
        extensionsDir,
        args: builtIns,
        browser,
        screenshots: path.join(resultsDir, "screenshots"),
        onSuite: (suite) => {
          begun.push(suite);
          console.log(`\n${suite.name}`);
        },
        onSuiteEnd: tellSpent,
        onResult: keep,
        onLine: (line) => log.write(`${line}\n`),
      }).catch((error: unknown) => {
        if (begun.length === 0) begun.push(window[0]);
        keep(begun.at(-1), notRun(error));
      });
      spent();
      log.end();
      keepLogs(dir, title);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      // Behind a suite that did not end, the others get a window of their own.
      const [next, ...others] = window.filter((suite) => !begun.includes(suite));
      if (next) windows.unshift([next, ...others]);
    }
  } finally {
    await browser.close();
  }
} finally {
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  writeFileSync(path.join(resultsDir, "editor.json"), JSON.stringify({ tests: results }, null, 2));
}
process.exitCode = results.length > 0 && results.every(({ status }) => status !== "failed") ? 0 : 1;

function printResult({ name, status, message, seconds, waits = [] }: TestResult): void {
  console.log(`${status === "passed" ? "✓" : "✗"} ${name} (${seconds.toFixed(1)} s)`);
  for (const { what, seconds: waited } of waits) console.log(`    ${waited.toFixed(1)} s: ${what}`);
  if (message !== undefined) console.log(message.replace(/^/gm, "    "));
}

function notRun(error: unknown): TestResult {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { name: "the suite runs", status: "failed", message, seconds: 0 };
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The product's own log, which says what it did when a test has failed. */
function keepLogs(dir: string, suite: string): void {
  const logs = path.join(dir, "user-data", "logs");
  if (!existsSync(logs)) return;
  for (const file of readdirSync(logs, { recursive: true, encoding: "utf8" })) {
    if (!/Floe dbt\.log$/.test(file)) continue;
    const name = `editor-${suite}-${path.dirname(file).replaceAll(path.sep, "-")}.log`;
    copyFileSync(path.join(logs, file), path.join(resultsDir, name));
  }
}
