import { describe, expect, it } from "vitest";
import { errorMessage, isCancellation, remedyOf } from "../../../client/errorMessage.ts";
import { projectOf } from "../../../client/projectOf.ts";
import { describeFix, describeLint } from "../../../client/summaries.ts";

describe("describeLint", () => {
  const clean = { files: 13, skipped: 0, errors: 0, warnings: 0, infos: 0, failures: [] };
  it.each([
    [clean, "No issues in 13 files."],
    [{ ...clean, files: 1, errors: 1, warnings: 2 }, "1 error, 2 warnings in 1 file."],
    [
      { ...clean, skipped: 2, infos: 1, failures: ["a"] },
      "1 hint in 13 files (2 skipped, 1 could not be linted).",
    ],
  ])("%j", (summary, sentence) => {
    expect(describeLint(summary)).toBe(sentence);
  });
});

describe("describeFix", () => {
  const refused = [{ filePath: "/a.sql", reason: "it does not parse" }];
  it.each([
    [{ files: 0, refused: [] }, false, "Nothing to fix."],
    [{ files: 2, refused: [] }, true, "Fixed 2 files."],
    [{ files: 1, refused }, true, "Fixed 1 file. 1 file left alone: the log says why."],
    [{ files: 1, refused: [] }, false, "Nothing changed: the fixes were not accepted for 1 file."],
  ])("%j %s", (result, applied, sentence) => {
    expect(describeFix(result, applied)).toBe(sentence);
  });
});

describe("projectOf", () => {
  const projects = [
    { projectDir: "/w" },
    { projectDir: "/w/packages/shop" },
    { projectDir: "/w/packages/shop2" },
  ];
  it.each([
    ["/w/packages/shop/models/a.sql", "/w/packages/shop"],
    ["/w/packages/shop2/a.sql", "/w/packages/shop2"],
    ["/w/..a/x.sql", "/w"],
    ["/elsewhere/a.sql", undefined],
  ])("%s belongs to %s", (file, dir) => {
    expect(projectOf(file, projects)?.projectDir).toBe(dir);
  });
});

describe("errors", () => {
  const withCode = (code: number) => Object.assign(new Error("Request cancelled"), { code });
  it("knows a cancellation, however it is spelt", () => {
    expect([withCode(-32800), withCode(-32802), withCode(-32603), "Canceled"].map(isCancellation)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("takes the remedy the server proposes, and nothing that only looks like one", () => {
    const remedy = { title: "Restart", command: "floeDbt.restartServer" };
    expect(remedyOf(Object.assign(new Error("x"), { data: { remedy } }))).toEqual(remedy);
    expect(remedyOf(Object.assign(new Error("x"), { data: { remedy: { title: 1 } } }))).toBeUndefined();
    expect(remedyOf("x")).toBeUndefined();
  });

  it("always has words", () => {
    expect(errorMessage(new Error("  "))).not.toBe("");
    expect(errorMessage("boom")).toBe("boom");
  });
});
