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
import { packageProbe } from "./runner/packageProbe.ts";
import { runSuite } from "./runner/runSuite.ts";
import { suites } from "./suites.ts";
import type { TestResult } from "./bridge.ts";

/**
 * The editor tests: a real VS Code in a real browser with the packaged product, one suite after another.
 *   node test/editor/run.ts [suite ...]     with FLOE_DBT_VSIX=<file> to test a package that is already made
 */
const resultsDir = path.join(repoDir, "test-results");
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) throw new Error(`There is no suite ${unknown.join(", ")}.`);

mkdirSync(resultsDir, { recursive: true });
const temporary = mkdtempSync(path.join(tmpdir(), "floe-dbt-editor-"));
const results: TestResult[] = [];
try {
  const vsix = process.env["FLOE_DBT_VSIX"] ?? (await packageExtension()).vsix;
  const probe = await packageProbe(temporary);
  const extensionsDir = path.join(temporary, "extensions");
  await installExtensions(writeProfile(temporary, { extensionsDir }), [vsix, probe]);
  const launch = chromiumLaunch();
  const browser = await chromium.launch({
    executablePath: launch.executablePath,
    env: { ...definedEnvironment(), ...launch.env },
    args: ["--no-sandbox", "--disable-gpu", "--headless=new"],
  });
  try {
    for (const suite of suites.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
      console.log(`\n${suite.name}`);
      const log = createWriteStream(path.join(resultsDir, `editor-${suite.name}.log`));
      const dir = path.join(temporary, suite.name);
      const ran = await runSuite(suite, {
        dir,
        extensionsDir,
        browser,
        screenshots: path.join(resultsDir, "screenshots"),
        onResult: printResult,
        onLine: (line) => log.write(`${line}\n`),
      }).catch((error: unknown) => [notRun(error)]);
      log.end();
      keepLogs(dir, suite.name);
      results.push(...ran.map((result) => ({ ...result, name: `editor/${suite.name} › ${result.name}` })));
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  } finally {
    await browser.close();
  }
} finally {
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  writeFileSync(path.join(resultsDir, "editor.json"), JSON.stringify({ tests: results }, null, 2));
}
process.exitCode = results.length > 0 && results.every(({ status }) => status !== "failed") ? 0 : 1;

function printResult({ name, status, message, seconds }: TestResult): void {
  console.log(`${status === "passed" ? "✓" : "✗"} ${name} (${seconds.toFixed(1)} s)`);
  if (message !== undefined) console.log(message.replace(/^/gm, "    "));
}

function notRun(error: unknown): TestResult {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const result: TestResult = { name: "the suite runs", status: "failed", message, seconds: 0 };
  printResult(result);
  return result;
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
