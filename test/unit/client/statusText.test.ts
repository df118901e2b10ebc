import { describe, expect, it } from "vitest";
import type { ProjectStatus } from "../../../protocol/runtime.ts";
import { projectStates } from "../../../protocol/runtime.ts";
import { escapeMarkdown, statusText } from "../../../client/views/statusText.ts";

const ready: ProjectStatus = {
  projectDir: "/w/shop",
  projectName: "shop",
  state: "ready",
  runtime: "local",
  runtimeReason: "dbt-core found in .venv",
  target: "dev",
  versions: { dbt: "dbt-core 1.11.16", sqlfluff: "4.4.0" },
};

describe("statusText", () => {
  it("says environment and target, and why in the tooltip", () => {
    const status = statusText("running", ready);
    expect(status).toMatchObject({ text: "$(check) dbt: local · dev", tone: "plain" });
    expect(status?.tooltip).toContain("dbt\\-core found in \\.venv");
    expect(status?.tooltip).toContain("sqlfluff 4\\.4\\.0");
    expect(status?.tooltip).toContain("dbt\\-core 1\\.11\\.16");
    expect(status?.tooltip).not.toContain("dbt dbt");
    expect(status?.label).toBe("dbt project shop, environment local · dev, ready");
  });

  it("names dbt first, then its linter, then Python", () => {
    const versions = {
      python: "3.11.7",
      "dbt-duckdb": "1.11.1",
      "sqlfluff-templater-dbt": "4.4.0",
      sqlfluff: "4.4.0",
      "dbt-core": "1.11.16",
      "python path": "/v/python",
    };
    const tooltip = statusText("running", { ...ready, versions })?.tooltip ?? "";
    const named = ["dbt\\-core 1", "dbt\\-duckdb", "sqlfluff 4", "templater", "python 3", "/v/python"];
    const places = named.map((name) => tooltip.indexOf(name));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it("has colours for degraded and failed only", () => {
    const tones = projectStates.map((state) => [state, statusText("running", { ...ready, state })?.tone]);
    expect(Object.fromEntries(tones)).toEqual({
      idle: "plain",
      starting: "plain",
      parsing: "plain",
      ready: "plain",
      degraded: "warning",
      failed: "error",
    });
  });

  it("names reason and remedy, for eyes and for ears", () => {
    const failed: ProjectStatus = {
      ...ready,
      state: "failed",
      runtime: null,
      target: null,
      reason: "No Python with dbt was found.",
      remedy: { title: "Set Up Environment", command: "floeDbt.setUpEnvironment" },
    };
    const status = statusText("running", failed);
    expect(status?.text).toBe("$(error) dbt: no environment");
    expect(status?.tooltip).toContain("Set Up Environment");
    expect(status?.label).toContain("No Python with dbt was found.");
  });

  it("shows nothing without a project in the workspace, and one line where it is not trusted", () => {
    expect(statusText("waiting", undefined)).toBeNull();
    expect(statusText("restricted", undefined)).toMatchObject({
      text: "$(circle-slash) Floe dbt: restricted",
      tooltip:
        "This workspace is not trusted: the Project view shows the manifest as it lies there, and nothing of dbt runs.",
    });
  });

  it("lets no text from a file become a link, markup or an icon", () => {
    const hostile: ProjectStatus = {
      ...ready,
      projectName: "[x](command:evil) <img src=y> **b** $(flame)\n# h",
      target: "$(flame)",
    };
    const status = statusText("running", hostile);
    expect(status?.text).not.toContain("$(flame)");
    expect(status?.tooltip).not.toMatch(/(?<!\\)\[|(?<!\\)<|\$\(flame|\n# /);
  });
});

describe("escapeMarkdown", () => {
  it("keeps letters, digits and spaces as they are", () => {
    expect(escapeMarkdown("Straße 1 é")).toBe("Straße 1 é");
  });
});
