import { describe, expect, it } from "vitest";
import type { DoctorResult } from "../../../protocol/requests.ts";
import { doctorMessagePage, doctorPage } from "../../../client/views/doctorPage.ts";

const options = { nonce: "abc123", allowedCommands: ["floeDbt.setUpEnvironment"] };
const result: DoctorResult = {
  markdown: "",
  projects: [
    {
      status: {
        projectDir: "/w/<shop>",
        projectName: "shop & co",
        state: "degraded",
        runtime: "local",
        runtimeReason: "found",
        target: "dev",
        versions: {},
      },
      facts: [{ label: "Interpreter", value: "/w/.venv/bin/python" }],
      searched: [
        { place: "1. Setting or manifest.yaml", found: null, chosen: false },
        { place: "3. .venv of the project", found: "/w/.venv/bin/python", chosen: true },
      ],
      problems: [
        {
          severity: "error",
          message: "sqlfluff <script>alert(1)</script> is missing",
          remedy: { title: "Set Up", command: "floeDbt.setUpEnvironment", arguments: ['/w/"q"'] },
        },
        { severity: "warning", message: "odd", remedy: { title: "Do odd", command: "workbench.evil" } },
      ],
    },
  ],
};

describe("doctorPage", () => {
  const page = doctorPage(result, options);

  it("allows no script, no image and no style but its own", () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'nonce-abc123'"`);
    expect(page).not.toContain("<script");
  });

  it("shows text from files as text", () => {
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).toContain("shop &amp; co");
    expect(page).toContain("/w/&lt;shop&gt;");
  });

  it("links a remedy to its command with its arguments, and only a command of ours", () => {
    const link = /href="(command:floeDbt\.setUpEnvironment[^"]*)"/.exec(page)?.[1] ?? "";
    expect(JSON.parse(decodeURIComponent(link.split("?")[1] ?? ""))).toEqual(['/w/"q"']);
    expect(page).not.toContain("command:workbench.evil");
    expect(page).toContain("What to do: Do odd");
  });

  it("shows the search with its own numbers and marks the chosen one for eyes and ears", () => {
    expect(page).toMatch(/role="list"><li>1\. Setting or manifest\.yaml: .*not found/);
    expect(page).toMatch(/<li class="chosen" aria-current="true">3\. \.venv of the project.*in use/);
  });

  it("has headings in order, rows with headers, and words for severities", () => {
    expect([...page.matchAll(/<h(\d)/g)].map(([, level]) => level)).toEqual(["1", "2", "3", "3", "3"]);
    expect(page).toContain('<th scope="row">Interpreter</th>');
    expect(page).toContain("<strong>Error:</strong>");
    expect(page).toContain("<strong>Warning:</strong>");
  });

  it("says one sentence where there is no report", () => {
    expect(doctorMessagePage("It is <starting>.", options)).toContain(
      '<p role="status">It is &lt;starting&gt;.</p>',
    );
    expect(doctorPage({ projects: [], markdown: "" }, options)).toContain("No dbt project was found");
  });
});
