// Everything, from type check to real VS Code. The last line is what continuous integration reads.
//   npm test                        all stages
//   npm test -- --only unit,server  some
import { mkdirSync } from "node:fs";
import { runInLanes } from "./testing/lanes.mjs";
import { summaryLine } from "./testing/report.mjs";
import { tryAgain } from "./testing/secondTry.mjs";
import { needNothing, oneAtATime, resultsDir, stages } from "./testing/stages.mjs";

/** What each stage's tests said, in the order the stages ended. */
const outcomes = new Map();
const unsteady = [];
try {
  mkdirSync(resultsDir, { recursive: true });
  const chosen = chosenStages();
  if (chosen.includes("setup")) await runAndTell("setup");
  // Without what it needs, nothing of the rest could say anything true.
  if (allTests().every(({ status }) => status !== "failed")) {
    const chain = oneAtATime.filter((name) => chosen.includes(name));
    const others = chosen.filter((name) => name !== "setup" && !chain.includes(name));
    let prepareEnded;
    const isPrepared = new Promise((resolve) => (prepareEnded = resolve));
    if (!chosen.includes("prepare")) prepareEnded(true);
    await runInLanes([chain, []], others, async (name) => {
      if (!needNothing.has(name) && !(await isPrepared)) return;
      await runAndTell(name);
      if (name === "prepare") prepareEnded(outcomes.get(name).every(({ status }) => status !== "failed"));
    });
    // One at a time, when nothing else runs: what failed only because it had to wait passes now.
    for (const [name, tests] of outcomes) await runAgain(name, tests);
  }
} catch (error) {
  // On stdout too: the last line of the output has to be the count.
  console.log(error.message);
  outcomes.set("npm test", [{ name: "npm test", status: "failed" }]);
}
const tests = allTests();

if (unsteady.length > 0) {
  console.log(`\nPassed only when run again:\n${unsteady.map((name) => `- ${name}`).join("\n")}`);
}
const skipped = tests.filter((test) => test.status === "skipped");
const failed = tests.filter((test) => test.status === "failed");
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((test) => `- ${test.name}`).join("\n")}`);
if (failed.length > 0) console.log(`\nFailed:\n${failed.map((test) => `✗ ${test.name}`).join("\n")}`);
console.log(`\n${summaryLine(tests)}`);
process.exitCode = failed.length > 0 || tests.length === 0 ? 1 : 0;

function allTests() {
  return [...outcomes.values()].flat();
}

async function runAndTell(name) {
  console.log(`· ${name} ...`);
  const started = performance.now();
  const tests = await stages[name].run();
  outcomes.set(name, tests);
  tell(name, tests, started);
}

async function runAgain(name, first) {
  const started = performance.now();
  const second = await tryAgain(stages[name], first);
  if (second.tests === first) return;
  outcomes.set(name, second.tests);
  unsteady.push(...second.unsteady);
  tell(`${name}, what had failed run again`, second.tests, started);
}

function tell(title, tests, started) {
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`── ${title}: ${tests.length === 0 ? "no tests yet" : summaryLine(tests)}  (${seconds} s)`);
  for (const test of tests) {
    if (test.status === "failed") console.log(`✗ ${test.name}\n${indent(test.message ?? "")}`);
  }
}

function chosenStages() {
  const at = process.argv.findIndex((argument) => argument.startsWith("--only"));
  if (at < 0) return Object.keys(stages);
  const value = process.argv[at].split("=")[1] ?? process.argv[at + 1] ?? "";
  const names = value.split(",").filter(Boolean);
  const unknown = names.filter((name) => !(name in stages));
  if (unknown.length > 0 || names.length === 0) {
    throw new Error(`--only takes stages: ${Object.keys(stages).join(", ")}.`);
  }
  return names;
}

function indent(text) {
  return text.replace(/^/gm, "    ");
}
