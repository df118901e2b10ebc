// What a stage has to say, in one shape: a list of { name, status: "passed" | "failed" | "skipped", message? }.
import { readFileSync } from "node:fs";
import path from "node:path";

/** Reads vitest's JSON report. A file that could not even be loaded is one failed test. */
export function readVitestReport(file, repoDir) {
  const report = JSON.parse(readFileSync(file, "utf8"));
  return report.testResults.flatMap((result) => {
    const where = path.relative(repoDir, result.name).replaceAll(path.sep, "/");
    const tests = result.assertionResults.map((test) => ({
      name: `${where} › ${[...test.ancestorTitles, test.title].join(" › ")}`,
      status: test.status === "passed" || test.status === "failed" ? test.status : "skipped",
      message: test.failureMessages?.join("\n"),
    }));
    const broken = result.status === "failed" && !tests.some((test) => test.status === "failed");
    return broken ? [...tests, { name: where, status: "failed", message: result.message }] : tests;
  });
}

export const readEditorReport = (file) => JSON.parse(readFileSync(file, "utf8")).tests;

/** The line that continuous integration reads: nothing may follow it. */
export function summaryLine(tests) {
  const count = (status) => tests.filter((test) => test.status === status).length;
  const skipped = count("skipped");
  return `${count("passed")} passed, ${count("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
