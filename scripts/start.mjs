// The demo: prepares what it needs, lints the sample in the terminal, and opens it in a real VS Code with our .vsix.
//   npm start                  VS Code in the browser, at a printed 127.0.0.1 address; Ctrl-C ends it
//   npm start -- --desktop     the `code` of this machine
//   npm start -- --cloud       the sample in dbt Cloud: an emulated one on 127.0.0.1 that really runs dbt
//   npm start -- --check       the same as npm start, up to its first answer; for the tests
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { installExtensions, startCodeServer, workbenchUrl, writeProfile } from "./browserEditor.mjs";
import { build, packageExtension } from "./package.mjs";
import { cacheDir, pythonEnvironmentDir, pythonIn } from "./pins.mjs";
import { copySample } from "./sample.mjs";
import { partsFor, setUp } from "./setup.mjs";
import { isAlive } from "./setup/cache.mjs";
import { run, runVisibly } from "./setup/child.mjs";
import { projectNode, repoDir } from "./setup/nodeModules.mjs";

const desktop = process.argv.includes("--desktop");
const check = process.argv.includes("--check");
const cloud = process.argv.includes("--cloud");

try {
  await start();
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}

async function start() {
  if (desktop) await requireDesktop();
  title("Preparing");
  await setUp(desktop ? partsFor.desktopDemo() : partsFor.browserDemo());
  const python = pythonIn(pythonEnvironmentDir("dbt111"));

  const demo = newDemoDir();
  const workspace = path.join(demo, "floe-sample");
  // Your edits of an earlier start stay: only the desktop's folder is used again.
  if (!existsSync(workspace)) copySample(workspace);
  let emulated;
  try {
    title("Linting the sample in the terminal");
    await build();
    await lintInTerminal(workspace, python);
    title("Packaging the extension");
    const { vsix, bytes } = await packageExtension();
    console.log(`✓ ${path.basename(vsix)}: ${(bytes / 1024 / 1024).toFixed(2)} MB`);
    if (cloud) emulated = await startCloud(workspace);
    if (desktop) await openDesktop(workspace, vsix, python);
    else await openBrowser(demo, workspace, vsix, python);
  } finally {
    await emulated?.stop();
    if (!desktop) rmSync(demo, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function title(text) {
  console.log(`\n${text}`);
}

/** A folder of this start alone; what a killed start has left is removed. */
function newDemoDir() {
  const demos = path.join(cacheDir(), "demo");
  mkdirSync(demos, { recursive: true });
  for (const name of readdirSync(demos)) {
    const pid = Number(name);
    if (pid && !isAlive(pid)) rmSync(path.join(demos, name), { recursive: true, force: true });
  }
  const dir = path.join(demos, desktop ? "desktop" : String(process.pid));
  mkdirSync(dir, { recursive: true });
  return dir;
}

async function lintInTerminal(workspace, python) {
  const cli = path.join(repoDir, "dist/cli.js");
  console.log(`$ cd ${workspace}\n$ node ${cli} lint --python ${python}`);
  const code = await runVisibly(projectNode, [cli, "lint", "--python", python], { cwd: workspace });
  // 1 says the project has something to mend, and the sample has, on purpose.
  if (code > 1) throw new Error("The sample could not be linted; the line above says why.");
}

async function openBrowser(demo, workspace, vsix, python) {
  title("Opening VS Code in the browser");
  const stopped = interrupted();
  const profile = writeProfile(demo, { machineSettings: { "floeDbt.python.path": python } });
  await installExtensions(profile, [vsix]);
  const editor = await startCodeServer(profile, { args: ["--disable-workspace-trust", workspace] });
  try {
    const answer = await fetch(editor.url);
    if (!answer.ok) throw new Error(`${editor.url} answered ${answer.status}.`);
    const url = workbenchUrl(
      editor.url,
      workspace,
      path.join(workspace, "models/lint_tour/tour_structure.sql"),
    );
    console.log(`✓ Open ${url}`);
    console.log(`  The workspace is a copy of sample/ and goes when you stop: ${workspace}`);
    if (check) return;
    console.log("  Ctrl-C ends it.");
    if (process.env.DISPLAY && process.platform === "linux") showUrl(url);
    await Promise.race([stopped, editor.closed]);
  } finally {
    await editor.stop();
    console.log("\n✓ Ended.");
  }
}

/** An emulated dbt Cloud that has the sample, in a process of its own; it ends when its stdin does. */
async function startCloud(workspace) {
  title("Starting an emulated dbt Cloud");
  const server = path.join(repoDir, "test/harness/cloudEmulator/serve.ts");
  const child = spawn(projectNode, ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", server, workspace], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const first = once(createInterface({ input: child.stdout }), "line");
  const line = await Promise.race([first, ended.then(() => undefined)]);
  if (!line) throw new Error("The emulated dbt Cloud did not start; the lines above say why.");
  const { url, token } = JSON.parse(line[0]);
  console.log(`✓ ${url}`);
  console.log(`  Run “Floe dbt: Sign in to dbt Cloud…”. The token there: ${token}`);
  return {
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

function showUrl(url) {
  const opener = spawn("xdg-open", [url], { stdio: "ignore", detached: true });
  opener.on("error", () => {}); // the URL is printed; opening it is a courtesy
  opener.unref();
}

function interrupted() {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, resolve);
  });
}

/** `code` on PATH; a .cmd on Windows, which needs a shell. */
const code = (args) => run("code", args, { shell: process.platform === "win32" });

async function requireDesktop() {
  await code(["--version"]).catch(() => {
    throw new Error(
      "No `code` is on PATH. In VS Code run “Shell Command: Install 'code' command in PATH”, or use npm start without --desktop.",
    );
  });
}

async function openDesktop(workspace, vsix, python) {
  title("Opening VS Code");
  mkdirSync(path.join(workspace, ".vscode"), { recursive: true });
  writeFileSync(
    path.join(workspace, ".vscode/settings.json"),
    `${JSON.stringify({ "floeDbt.python.path": python }, null, 2)}\n`,
  );
  await code(["--install-extension", vsix, "--force"]);
  if (!check) await code([workspace]);
  console.log(`✓ Opened ${workspace}, a copy of sample/; it stays for the next time.`);
}
