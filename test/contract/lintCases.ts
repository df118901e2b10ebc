import { chmodSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtConfigurationError } from "../../server/plugins/errors.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";
import type { ContractSubject } from "./contractSubject.ts";
import { sharedSubject } from "./sharedSubject.ts";

const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });
const untidy = "select\n    id,\n    amount  + 1 as more\nFROM {{ ref('a') }}\n";
const tidy = "select\n    id,\n    amount + 1 as more\nfrom {{ ref('a') }}\n";

export function lintCases(subject: ContractSubject): void {
  describe.runIf(subject.expects.lints)(`${subject.name}: lint`, () => {
    const shared = sharedSubject(subject);

    test("finds what is there, at its place, and passes a clean project", async () => {
      const { project, made } = await shared.begin({ ...threeModels, "models/b.sql": untidy });
      const b = project.file("models/b.sql");
      const events: DbtEvent[] = [];
      const result = await made.plugin.lintProject(
        refOf(project),
        {},
        { onEvent: (event) => events.push(event) },
      );
      const found = result.issues.map(({ ruleCode, filePath, line, column }) => ({
        ruleCode,
        filePath,
        line,
        column,
      }));
      expect(found).toEqual([
        { ruleCode: "LT01", filePath: b, line: 3, column: 11 },
        { ruleCode: "CP01", filePath: b, line: 4, column: 1 },
      ]);
      expect(result).toMatchObject({ totalIssues: 2, errors: 0, warnings: 2, passed: true });
      expect(result.filesLinted.toSorted()).toEqual(
        ["a", "b", "c"].map((name) => project.file(`models/${name}.sql`)),
      );
      expect(events.filter(({ type }) => type === "fileLinted")).toHaveLength(3);
      expect(result.issues[0]?.docsUrl).toContain("LT01");

      // The same plugin sees the file as it is now.
      await project.write("models/b.sql", tidy);
      made.plugin.filesChanged(refOf(project), [b]);
      const clean = await made.plugin.lintProject(refOf(project));
      expect(clean).toMatchObject({ totalIssues: 0, passed: true });
    });

    test("takes unsaved text instead of the file's, and does not write it", async () => {
      const { project, made } = await shared.begin(threeModels);
      if (!made.plugin.capabilities.has("lintUnsaved")) return;
      const b = project.file("models/b.sql");
      const result = await made.plugin.lintProject(refOf(project), {
        paths: [b],
        texts: new Map([[b, untidy]]),
        interactive: true,
      });
      expect(result.issues.map(({ ruleCode }) => ruleCode)).toEqual(["LT01", "CP01"]);
      expect(await readFile(b, "utf8")).toBe(threeModels["models/b.sql"]);
    });

    test("mends files and keeps their line ends, byte order mark and mode", async () => {
      const windows = `\uFEFF${untidy.replaceAll("\n", "\r\n")}`;
      const { project, made } = await shared.begin({ ...threeModels, "models/b.sql": windows });
      const b = project.file("models/b.sql");
      chmodSync(b, 0o640);
      const result = await made.plugin.lintProject(refOf(project), { fix: true });
      expect(result).toMatchObject({ filesFixed: [b], totalIssues: 0, passed: true });
      expect(await readFile(b, "utf8")).toBe(`\uFEFF${tidy.replaceAll("\n", "\r\n")}`);
      if (process.platform !== "win32") expect(statSync(b).mode & 0o777).toBe(0o640);
    });

    test("gives the mended text without writing it", async () => {
      const { project, made } = await shared.begin({ ...threeModels, "models/b.sql": untidy });
      if (!made.plugin.capabilities.has("fixText")) return;
      const b = project.file("models/b.sql");
      expect((await made.plugin.fixText(refOf(project), { path: b })).text).toBe(tidy);
      expect(await readFile(b, "utf8")).toBe(untidy);
    });

    test("a model that does not render is an error in its file, and the others are linted", async () => {
      const { project, made } = await shared.begin({
        ...threeModels,
        "models/b.sql": "select {{ zzz() }}\n",
        "models/d.sql": untidy,
      });
      const result = await made.plugin.lintProject(refOf(project));
      expect(result.passed).toBe(false);
      expect(result.issues).toContainEqual(
        expect.objectContaining({ filePath: project.file("models/b.sql"), line: 1, severity: "error" }),
      );
      expect(result.issues.filter(({ filePath }) => filePath === project.file("models/d.sql"))).not.toEqual(
        [],
      );
    });

    test("a linter that cannot work is an error, never a pass", async () => {
      const { project, made } = await shared.begin({
        ...threeModels,
        ".sqlfluff": "[sqlfluff]\ndialect = klingon\n",
      });
      const outcome = await made.plugin.lintProject(refOf(project)).catch((reason: unknown) => reason);
      expect(outcome).toBeInstanceOf(DbtConfigurationError);
      expect(outcome).toMatchObject({
        message: expect.stringContaining("klingon") as string,
        filePath: project.file(".sqlfluff"),
        line: 2,
      });
    });

    test("a project that its engine cannot read does not pass, and says where it is wrong", async () => {
      const { project, made } = await shared.begin({
        ...threeModels,
        "models/schema.yml": "version: 2\nmodels:\n  - name: a\n   description: x\n",
      });
      const result = await made.plugin.lintProject(refOf(project));
      expect(result.passed).toBe(false);
      expect(result.issues).toContainEqual(
        expect.objectContaining({
          severity: "error",
          filePath: project.file("models/schema.yml"),
          line: 4,
          source: "dbt",
        }),
      );
      expect(result.filesLinted).toHaveLength(3);
    });

    test("spaces, accents and letters beyond the plane: paths and columns are right", async () => {
      await using project = await dbtProject(
        { ...threeModels, "models/étage un/b.sql": "select '😀é' as x,  1 as y\n", "models/b.sql": null },
        "mon café",
      );
      await project.write("models/c.sql", "select sum(y) as total\nfrom {{ ref('b') }}\n");
      await project.write("models/schema.yml", "version: 2\n");
      await project.write("models/a.sql", "select 1 as id\n");
      await using made = subject.make();
      await made.plugin.runModels(refOf(project));
      const result = await made.plugin.lintProject(refOf(project));
      expect(result.issues.filter(({ ruleCode }) => ruleCode === "LT01")).toEqual([
        expect.objectContaining({ filePath: project.file("models/étage un/b.sql"), line: 1, column: 18 }),
      ]);
    });

    test("cancel lets go within seconds, and the next lint is answered", async () => {
      const { project, made } = await shared.begin({ ...threeModels, "models/b.sql": untidy });
      const abort = new AbortController();
      const startedAt = performance.now();
      const cancelled = made.plugin.lintProject(refOf(project), {}, { signal: abort.signal });
      abort.abort();
      await expect(cancelled).rejects.toThrow(DbtCancelledError);
      expect(performance.now() - startedAt).toBeLessThan(5000);
      expect((await made.plugin.lintProject(refOf(project))).totalIssues).toBe(2);
    });

    test("leaves the project's own target and logs alone", async () => {
      const { project, made } = await shared.begin(threeModels);
      await made.plugin.lintProject(refOf(project));
      for (const name of ["target", "logs", "dbt_packages"]) {
        expect(statSync(project.file(name), { throwIfNoEntry: false })).toBeUndefined();
      }
    });
  });
}
