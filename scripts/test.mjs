// Everything, from type check to real VS Code. The last line is what continuous integration reads.
//   npm test                        all stages
//   npm test -- --only unit,server  some
import { mkdirSync } from "node:fs";
import { runInLanes } from "./testing/lanes.mjs";
import { summaryLine } from "./testing/report.mjs";
import { runStage } from "./testing/secondTry.mjs";
import { oneAtATime, resultsDir, stages } from "./testing/stages.mjs";

const tests = [];
const unsteady = [];
try {
  mkdirSync(resultsDir, { recursive: true });
  const chosen = chosenStages();
  if (chosen.includes("setup")) await runAndTell("setup");
  // Without what it needs, nothing of the rest could say anything true.
  if (tests.every(({ status }) => status !== "failed")) {
    const chain = oneAtATime.filter((name) => chosen.includes(name));
    const others = chosen.filter((name) => name !== "setup" && !chain.includes(name));
    await runInLanes([chain, []], others, runAndTell);
  }
} catch (error) {
  // On stdout too: the last line of the output has to be the count.
  console.log(error.message);
  tests.push({ name: "npm test", status: "failed" });
}

if (unsteady.length > 0) {
  console.log(`\nPassed only when run again:\n${unsteady.map((name) => `- ${name}`).join("\n")}`);
}
const skipped = tests.filter((test) => test.status === "skipped");
const failed = tests.filter((test) => test.status === "failed");
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((test) => `- ${test.name}`).join("\n")}`);
if (failed.length > 0) console.log(`\nFailed:\n${failed.map((test) => `✗ ${test.name}`).join("\n")}`);
console.log(`\n${summaryLine(tests)}`);
process.exitCode = failed.length > 0 || tests.length === 0 ? 1 : 0;

async function runAndTell(name) {
  const started = performance.now();
  console.log(`· ${name} ...`);
  const stage = await runStage(stages[name]);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const said = stage.tests.length === 0 ? "no tests yet" : summaryLine(stage.tests);
  console.log(`── ${name}: ${said}  (${seconds} s)`);
  for (const test of stage.failedFirst) {
    console.log(`✗ at first: ${test.name}\n${indent(test.message ?? "")}`);
  }
  for (const test of stage.tests) {
    if (test.status === "failed") console.log(`✗ ${test.name}\n${indent(test.message ?? "")}`);
  }
  unsteady.push(...stage.unsteady);
  tests.push(...stage.tests);
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
