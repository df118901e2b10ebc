import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import * as z from "zod";
import { projectLintResult, type LintIssue } from "../../../protocol/lint.ts";
import { lintReport, type LintFormat } from "../../../server/cli/lintReport.ts";
import { inOptions } from "../../../server/cli/optionNames.ts";

const source = path.resolve("/repo");
const inside = path.join(source, "shop", "models", "d,ir 100%: é", "a.sql");
const outside = path.resolve("/elsewhere", "b c.sql");

const issueOf = (filePath: string, more: Partial<LintIssue> = {}): LintIssue => ({
  filePath,
  line: 2,
  column: 3,
  severity: "error",
  ruleCode: "TMP",
  message: "100% wrong,\r\nreally: yes",
  source: "sqlfluff",
  fixable: false,
  ...more,
});

const report = (format: LintFormat, ...issues: LintIssue[]): string =>
  lintReport(format, projectLintResult(issues, { linted: [inside] }), {
    baseDir: path.join(source, "shop"),
    sourceDir: source,
    version: "1.2.3",
    style: (_, text) => text,
  });

test("a person reads paths from where they are", () => {
  expect(report("text", issueOf(inside))).toMatch(/^models.d,ir 100%: é.a\.sql\n/);
});

test("an annotation is one line, whatever stands in path and message, relative to the checkout", () => {
  expect(report("github", issueOf(inside))).toBe(
    "::error file=shop/models/d%2Cir 100%25%3A é/a.sql,line=2,col=3,title=TMP::100%25 wrong,%0D%0Areally: yes",
  );
  expect(report("github", issueOf(inside, { endLine: 3, endColumn: 1 }))).toContain(",endLine=3::");
  expect(report("github", issueOf(outside))).not.toContain("..");
});

test("SARIF has each rule once, URIs relative to the checkout, and whole ones for what is outside of it", () => {
  const log = z
    .object({
      version: z.literal("2.1.0"),
      runs: z.tuple([
        z.object({
          columnKind: z.literal("unicodeCodePoints"),
          tool: z.object({ driver: z.object({ rules: z.array(z.looseObject({ id: z.string() })) }) }),
          results: z.array(
            z.object({ ruleIndex: z.number(), level: z.string(), locations: z.array(z.unknown()) }),
          ),
        }),
      ]),
    })
    .parse(
      JSON.parse(
        report(
          "sarif",
          issueOf(inside),
          issueOf(inside, { ruleCode: "CP01", severity: "info", docsUrl: "https://example.org/CP01" }),
          issueOf(outside),
        ),
      ),
    );
  const [{ tool, results }] = log.runs;
  expect(tool.driver.rules).toEqual([{ id: "TMP" }, { id: "CP01", helpUri: "https://example.org/CP01" }]);
  expect(results.map(({ ruleIndex, level }) => [ruleIndex, level])).toEqual([
    [0, "error"],
    [0, "error"],
    [1, "note"],
  ]);
  expect(results.flatMap(({ locations }) => locations)).toMatchObject([
    { physicalLocation: { artifactLocation: { uri: pathToFileURL(outside).href } } },
    {
      physicalLocation: {
        artifactLocation: {
          uri: "shop/models/d%2Cir%20100%25%3A%20%C3%A9/a.sql",
          uriBaseId: "%SRCROOT%",
        },
        region: { startLine: 2, startColumn: 3 },
      },
    },
    {},
  ]);
});

test("what the editor calls a setting is an option here", () => {
  expect(inOptions("Looked in: /x (setting floeDbt.profilesDir), or name it in floeDbt.fusion.path.")).toBe(
    "Looked in: /x (--profiles-dir), or name it in --dbt.",
  );
  expect(inOptions("floeDbt.lint.timeLimit and floeDbt.targets")).toBe(
    "floeDbt.lint.timeLimit and floeDbt.targets",
  );
});
