// The stages of `npm test`. A stage is a name and a function that gives its tests.
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { setUp, partsFor } from "../setup.mjs";
import { projectEnvironment, projectNode, repoDir, toolScript } from "../setup/nodeModules.mjs";
import { readEditorReport, readVitestReport } from "./report.mjs";

export const resultsDir = path.join(repoDir, "test-results");

const minute = 60_000;

/** Each makes dist/ anew; and together with the editor they take about half of all the time. What the tests need comes first. */
export const oneAtATime = ["prepare", "build", "package", "start", "start-cloud", "editor"];

/** Stages that need no more than node_modules: the others wait for `prepare`. */
export const needNothing = new Set([
  ...["prepare", "typecheck", "typecheck-webviews", "eslint", "prettier", "manifest"],
  ...["unit", "build", "package"],
]);

export const stages = {
  setup: { run: () => oneTest("set-up", () => setUp([])) },
  prepare: {
    run: () => oneTest("prepare", () => setUp([...partsFor.tests(), ...partsFor.editorTests()])),
  },
  // What can be told while the rest is prepared; then the longest, so that short ones are left when the lanes are to end together.
  typecheck: check("typecheck", [toolScript("typescript/bin/tsc"), "--noEmit"]),
  unit: vitest("unit", 5),
  eslint: check("eslint", [toolScript("eslint/bin/eslint.js"), ".", "--max-warnings", "0"]),
  worker: vitest("worker", 25),
  contract: vitest("contract", 30),
  server: vitest("server", 25),
  cloud: vitest("cloud", 15),
  cli: vitest("cli", 15),
  process: vitest("process", 5),
  prettier: check("prettier", [toolScript("prettier/bin/prettier.cjs"), "--check", "."]),
  "typecheck-webviews": check("typecheck-webviews", [
    toolScript("typescript/bin/tsc"),
    ...["--noEmit", "-p", "webviews"],
  ]),
  manifest: check("manifest", ["scripts/manifest.mjs", "--check"]),
  build: check("build", ["esbuild.mjs"]),
  package: check("package", ["scripts/package.mjs"]),
  start: check("start", ["scripts/start.mjs", "--check"]),
  "start-cloud": check("start-cloud", ["scripts/start.mjs", "--check", "--cloud"]),
  editor: {
    run: () => editorTests(),
    again: (suites) =>
      editorTests(
        "editor-again",
        suites.map((suite) => suite.replace(/^editor\//, "")),
      ),
  },
};

/** A program whose exit code is its whole answer: one test. */
function check(name, args) {
  return {
    run: () =>
      oneTest(name, async () => {
        const { code, log } = await runLogged(name, args, 10 * minute);
        if (code !== 0) throw new Error(tail(log));
      }),
  };
}

function vitest(project, minutes) {
  const runFiles = async (name, files) => {
    const report = path.join(resultsDir, `${name}.json`);
    rmSync(report, { force: true });
    const { code, log } = await runLogged(
      name,
      [
        toolScript("vitest/vitest.mjs"),
        ...["run", "--project", project, ...files],
        ...["--reporter", "default", "--reporter", "json", "--outputFile.json", report],
      ],
      minutes * minute,
    );
    const tests = existsSync(report) ? readVitestReport(report, repoDir) : [];
    return complete(name, tests, code, log);
  };
  return {
    run: async () => (hasTests(path.join(repoDir, "test", project)) ? runFiles(project, []) : []),
    // A unit test depends on nothing that could be otherwise the next time.
    ...(project !== "unit" && { again: (files) => runFiles(`${project}-again`, files) }),
  };
}

async function editorTests(name = "editor", suites = []) {
  const report = path.join(resultsDir, "editor.json");
  rmSync(report, { force: true });
  const { code, log } = await runLogged(
    name,
    ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "test/editor/run.ts", ...suites],
    35 * minute,
  );
  const tests = existsSync(report) ? readEditorReport(report) : [];
  return complete(name, tests, code, log);
}

/** A run that ended badly without one failed test to show for it, or without any test, is itself a failed test. */
function complete(name, tests, code, log) {
  const explained = tests.some((test) => test.status === "failed");
  if (code === 0 && tests.length > 0) return tests;
  if (code !== 0 && explained) return tests;
  const what = code === 0 ? `${name}: no test ran` : `${name}: ended with ${code}`;
  return [...tests, { name: what, status: "failed", message: tail(log) }];
}

async function oneTest(name, work) {
  try {
    await work();
    return [{ name, status: "passed" }];
  } catch (error) {
    return [{ name, status: "failed", message: error.message }];
  }
}

/** Runs a script on the project's Node; all it prints goes to test-results/<name>.log. */
async function runLogged(name, args, timeout) {
  const file = path.join(resultsDir, `${name}.log`);
  const child = spawn(projectNode, args, {
    cwd: repoDir,
    env: { ...projectEnvironment(), NO_COLOR: "1", FORCE_COLOR: undefined },
    stdio: ["ignore", "pipe", "pipe"],
    timeout,
  });
  const stream = createWriteStream(file);
  const log = [];
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (chunk) => {
      log.push(chunk);
      stream.write(chunk);
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit, signal) => resolve(exit ?? signal));
  });
  await new Promise((resolve) => stream.end(resolve));
  return { code, log: Buffer.concat(log).toString() };
}

const tail = (text) => text.trimEnd().split("\n").slice(-40).join("\n");

function hasTests(dir) {
  if (!existsSync(dir)) return false;
  return readdirSync(dir, { recursive: true }).some((file) => String(file).endsWith(".test.ts"));
}
