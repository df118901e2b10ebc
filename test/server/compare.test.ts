import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copySample } from "../../scripts/sample.mjs";
import { compareEnvironments } from "../../server/compare/compareEnvironments.ts";
import type { SubjectPlugin } from "../contract/contractSubject.ts";
import { fusionSubject } from "../contract/fusionSubject.ts";
import { localSubject } from "../contract/localSubject.ts";
import { type BuiltProduct, buildProduct } from "../harness/builtProduct.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import { testEngine, testPython } from "../harness/environment.ts";

interface BuiltNode {
  unique_id: string;
  status: string;
  failures: number | null;
}

const signal = new AbortController().signal;
let product: BuiltProduct;

describe("real dbt-core and the real v2 engine side by side", () => {
  beforeAll(async () => {
    product = await buildProduct();
  });
  afterAll(() => product[Symbol.asyncDispose]());

  test("the sample project has the same nodes, dependencies, SQL and test results in both", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "floe-dbt-compare-"));
    try {
      copySample(folder);
      await using local = localSubject("dbt111").make();
      await using fusion = fusionSubject.make();
      const ref = { projectDir: folder, profilesDir: folder };
      const compare = () =>
        compareEnvironments(
          { ...ref, name: "sample" },
          { left: local.plugin, right: fusion.plugin },
          { storageDir: path.join(folder, ".storage"), target: "dev", signal },
        );
      const comparison = await compare();
      expect(comparison.left.failure).toBeNull();
      expect(comparison.right.failure).toBeNull();
      expect(comparison.onlyLeft).toEqual([]);
      expect(comparison.onlyRight).toEqual([]);
      expect(comparison.different.map(({ uniqueId }) => uniqueId)).toEqual([]);
      expect(comparison.dependencies).toEqual([]);
      expect(comparison.compared).toBeGreaterThan(15);
      // What a person sees of their own target is as it was.
      expect(existsSync(path.join(folder, "target"))).toBe(false);

      const built = async ({ plugin }: SubjectPlugin): Promise<Record<string, unknown>> => {
        rmSync(path.join(folder, "floe_sample.duckdb"), { force: true });
        const { metadata } = await plugin.build!(ref);
        return Object.fromEntries(
          (metadata["nodes"] as BuiltNode[])
            // What is only counted: exposures by dbt-core, ephemeral models by the engine.
            .filter(({ status }) => status !== "no-op")
            .map((node) => [node.unique_id, [node.status, node.failures]] as const)
            .toSorted(([a], [b]) => (a < b ? -1 : 1)),
        );
      };
      const results = await built(local);
      // Its DuckDB is newer than the engine's driver: that is no difference between the two, and it is said what to do.
      await expect(compare()).rejects.toThrow(/DuckDB file of this target was written by a newer DuckDB/);
      expect(await built(fusion)).toEqual(results);
      expect(Object.keys(results).filter((id) => id.startsWith("test.")).length).toBeGreaterThan(20);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });

  test("the command line says what differs, in three formats, and ends with 1", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "models/c.sql": "select {% if dbt_version.startswith('2') %}2{% else %}1{% endif %} as total\n",
      "models/more.yml": "version: 2\nmodels:\n  - name: c\n    kolumns: x\n",
    });
    const run = (format: string): Promise<{ code: number; stdout: string; stderr: string }> =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [
            product.cli,
            ...["compare", "--with", "fusion", "--runtime", "local", "--format", format],
            ...["--project-dir", project.dir, "--profiles-dir", project.dir],
            ...["--python", testPython(), "--dbt", testEngine().dbt],
          ],
          { env: { ...process.env, ...testEngine().env, XDG_CACHE_HOME: project.file(".cache") } },
          (error, stdout, stderr) =>
            resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
        );
      });
    const json = await run("json");
    expect(json.stderr).toBe("");
    const comparison = JSON.parse(json.stdout) as Record<string, unknown>;
    expect(json.code).toBe(1);
    expect(comparison).toMatchObject({
      same: false,
      diagnostics: [expect.objectContaining({ side: "right", code: "dbt1060", count: 1 })],
    });
    const markdown = await run("markdown");
    expect(markdown.code).toBe(1);
    expect(markdown.stdout).toMatch(/^# shop: dbt-core 1\.11\.\d+ and Fusion 2\./);
  });
});
