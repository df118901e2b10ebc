import { describe, expect, test } from "vitest";
import { age } from "../../../../client/explorer/age.ts";
import { projectText } from "../../../../client/explorer/projectText.ts";
import type { ManifestInfo } from "../../../../protocol/manifest.ts";
import type { ProjectStatus } from "../../../../protocol/runtime.ts";

const now = Date.UTC(2026, 0, 2, 12);
const manifest: ManifestInfo = {
  projectDir: "/huts",
  projectName: "huts",
  version: 1,
  state: "ready",
  message: null,
  origin: "target",
  generatedAt: now - 3 * 3_600_000,
  stale: false,
  dbtVersion: "1.11.16",
  counts: { model: 13 },
};
const status: ProjectStatus = {
  projectDir: "/huts",
  projectName: "huts",
  state: "ready",
  runtime: "local",
  runtimeReason: "manifest.yaml, line 3",
  target: "dev",
  versions: {},
};

test.each([
  [-5, "just now"],
  [59, "just now"],
  [60, "1 min ago"],
  [3_599, "59 min ago"],
  [7_200, "2 h ago"],
  [90_000, "1 d ago"],
])("%d seconds are %s", (seconds, words) => {
  expect(age(now - seconds * 1000, now)).toBe(words);
});

describe("the row of a project", () => {
  test("says target, environment and how old the manifest is", () => {
    const text = projectText(manifest, status, now);
    expect(text.description).toBe("dev · local · 3 h ago");
    expect(text.tooltip).toEqual([
      "Target: dev",
      "Environment: local (manifest.yaml, line 3)",
      "Manifest: as dbt left it in the target folder, made 3 h ago, by dbt 1.11.16",
      "/huts",
    ]);
    expect(text.label).toBe("dbt project huts, dev · local · 3 h ago");
  });

  test("says that it is stale, and what to do", () => {
    const text = projectText({ ...manifest, stale: true }, status, now);
    expect(text.description).toBe("dev · local · stale, 3 h ago");
    expect(text.tooltip.join("\n")).toContain("compile it to bring it up to date");
  });

  test.each([
    ["none", "no manifest yet", "Compile the project."],
    ["loading", "reading the manifest", null],
    ["broken", "manifest unreadable", "target/manifest.json ends at line 3."],
  ] as const)("says that the manifest is %s", (state, words, message) => {
    const text = projectText({ ...manifest, state, message, generatedAt: null }, undefined, now);
    expect(text.description).toBe(words);
    if (message !== null) expect(text.tooltip).toContain(message);
  });
});
