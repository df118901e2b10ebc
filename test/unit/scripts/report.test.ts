import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readVitestReport, summaryLine } from "../../../scripts/testing/report.mjs";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "floe-report-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function report(...testResults: object[]): string {
  const file = path.join(dir, "report.json");
  writeFileSync(file, JSON.stringify({ testResults }));
  return file;
}

test("a test is named by its file, its groups and its title", () => {
  const file = report({
    name: path.join(dir, "test", "a.test.ts"),
    status: "passed",
    assertionResults: [{ ancestorTitles: ["group"], title: "works", status: "passed", failureMessages: [] }],
  });
  expect(readVitestReport(file, dir)).toMatchObject([
    { name: "test/a.test.ts › group › works", status: "passed" },
  ]);
});

test("a file that could not be loaded is one failed test", () => {
  const file = report({
    name: path.join(dir, "a.test.ts"),
    status: "failed",
    message: "no module",
    assertionResults: [],
  });
  expect(readVitestReport(file, dir)).toEqual([
    { name: "a.test.ts", status: "failed", message: "no module" },
  ]);
});

test("what neither passed nor failed counts as skipped", () => {
  const file = report({
    name: path.join(dir, "a.test.ts"),
    status: "passed",
    assertionResults: [
      { ancestorTitles: [], title: "later", status: "todo" },
      { ancestorTitles: [], title: "not here", status: "pending" },
    ],
  });
  expect(readVitestReport(file, dir).map(({ status }) => status)).toEqual(["skipped", "skipped"]);
});

test("the summary names skipped tests only where there are some", () => {
  expect(summaryLine([{ status: "passed" }, { status: "failed" }])).toBe("1 passed, 1 failed");
  expect(summaryLine([{ status: "passed" }, { status: "skipped" }])).toBe("1 passed, 0 failed, 1 skipped");
});
