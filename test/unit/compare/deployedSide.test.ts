import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { compareEnvironments } from "../../../server/compare/compareEnvironments.ts";
import type { DbtPlugin, DeployedState } from "../../../server/plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../../../server/plugins/errors.ts";

/** A checkout beside what is deployed, both as manifests. */

const storageDir = mkdtempSync(path.join(tmpdir(), "floe-dbt-deployed-"));
afterEach(() => rmSync(path.join(storageDir, "compare"), { recursive: true, force: true }));
const project = { projectDir: "/shop", name: "shop" };
const file = (name: string): string => path.resolve("/shop", name);

type Model = Record<string, unknown> & { sql: string };
const manifest = (schema: string, models: Record<string, Model>): string =>
  JSON.stringify({
    metadata: { dbt_version: "1.11.0", project_name: "shop" },
    nodes: Object.fromEntries(
      Object.entries(models).map(([name, { sql, ...more }]) => [
        `model.shop.${name}`,
        {
          name,
          resource_type: "model",
          package_name: "shop",
          original_file_path: `models/${name}.sql`,
          patch_path: "shop://models/schema.yml",
          alias: name,
          relation_name: `"db"."${schema}"."${name}"`,
          config: { materialized: "table" },
          compiled_code: sql.replaceAll("SCHEMA", schema),
          ...more,
        },
      ]),
    ),
    macros: {
      "macro.shop.tax": { package_name: "shop", original_file_path: "macros/tax.sql" },
      "macro.shop.net": { package_name: "shop", depends_on: { macros: ["macro.shop.tax"] } },
      "macro.dbt.ref": { package_name: "dbt", original_file_path: "macros/tax.sql" },
    },
  });

/** What the comparison asks of a plugin, and no more. */
const plugin = (facts: Partial<DbtPlugin>): DbtPlugin => facts as DbtPlugin;

function checkout(models: Record<string, Model>): DbtPlugin {
  return plugin({
    runtime: "local",
    capabilities: new Set(["compileSelection"]),
    getRuntimeMetadata: () =>
      Promise.resolve({ type: "local", dbtVersion: "1.11.1", adapter: "duckdb", details: {} }),
    compileSelection(_project, selection) {
      const dir = selection?.flags?.[0]?.replace("--target-path=", "") ?? "";
      writeFileSync(path.join(dir, "manifest.json"), manifest("dev_ada", models));
      return Promise.resolve({ metadata: {} } as Awaited<ReturnType<DbtPlugin["runModels"]>>);
    },
  });
}

function deployed(models: Record<string, Model>, state: Partial<DeployedState> = {}): DbtPlugin {
  const manifestPath = path.join(storageDir, "deployed.json");
  writeFileSync(manifestPath, manifest("analytics", models));
  return plugin({
    runtime: "cloud",
    capabilities: new Set(["deployed"]),
    deployed: () =>
      Promise.resolve({
        manifestPath,
        label: "run 42",
        commit: "4be1c0d4be1c0d4be1c0d4be1c0d4be1c0d4be1c",
        notices: [],
        changed: { files: [] },
        ...state,
      }),
  });
}

const compare = (left: DbtPlugin, right: DbtPlugin, changedOnly = false) =>
  compareEnvironments(
    project,
    { left, right },
    {
      storageDir,
      target: "dev",
      changedOnly,
      signal: new AbortController().signal,
    },
  );

const onA = { depends_on: { nodes: ["model.shop.a"], macros: ["macro.shop.net", "macro.dbt.ref"] } };
const reading = { sql: 'select * from "db"."SCHEMA"."a"', ...onA };

test("a schema of its own is no difference; the commit is named, and what the working tree has besides", async () => {
  const models = { a: { sql: "select 1" }, b: reading, e: { ...reading, relation_name: null, config: {} } };
  const c = { sql: 'select * from "db"."SCHEMA"."a"', depends_on: { nodes: ["model.shop.e"] } };
  const comparison = await compare(
    checkout({ ...models, c }),
    deployed(
      { ...models, c },
      { notices: ["dbt Cloud used commit 4be1c0d, which is yours, without your 1 changed file."] },
    ),
  );
  expect(comparison).toMatchObject({
    same: true,
    verdict:
      "All 4 nodes compile to the same SQL in dbt-core 1.11.1 and dbt Cloud 1.11.0, run 42. dbt Cloud used commit 4be1c0d, which is yours, without your 1 changed file.",
    right: { deployed: { label: "run 42" } },
  });
});

test("an alias that the project gives is one, shown under the names of the checkout", async () => {
  const comparison = await compare(
    checkout({
      a: { sql: "select 1", alias: "a2", relation_name: '"db"."dev_ada"."a2"' },
      b: { ...reading, sql: 'select 2 from "db"."SCHEMA"."a2"' },
      d: { sql: "select 4" },
    }),
    deployed({ a: { sql: "select 1" }, b: reading, gone: { sql: "select 5" } }),
  );
  expect(comparison.verdict).toBe(
    "1 of 2 nodes compile to other SQL; 1 node only in dbt-core 1.11.1; 1 node only in dbt Cloud 1.11.0, run 42.",
  );
  expect(comparison.different).toMatchObject([{ right: 'select * from "db"."analytics"."a"' }]);
});

test("only what changed: by its file, its YAML or its macros; incremental models are counted", async () => {
  const incremental = { config: { materialized: "incremental" } };
  const ours = {
    a: { sql: "select 11" },
    b: { ...reading, sql: "select 12" },
    c: { sql: "select 13", ...incremental, patch_path: "shop://models/other.yml" },
  };
  const theirs = {
    a: { sql: "select 1" },
    b: { ...reading, sql: "select 2" },
    c: { sql: "select 3", ...incremental },
  };
  const names = async (...files: string[]) => {
    const state = { changed: { files: files.map(file) } };
    const comparison = await compare(checkout(ours), deployed(theirs, state), true);
    return [comparison.different.map(({ name }) => name).join(""), comparison.verdict];
  };
  expect(await names("models/a.sql")).toEqual([
    "a",
    "Of what changed since commit 4be1c0d: 1 of 1 node compile to other SQL.",
  ]);
  expect((await names("macros/tax.sql"))[0]).toBe("b");
  expect(await names("models/c.sql")).toEqual([
    "c",
    "Of what changed since commit 4be1c0d: 1 of 1 node compile to other SQL. 1 of them is incremental: whether its table is there changes its SQL, too.",
  ]);
  expect(await names("README.md")).toEqual(["", "No node changed since commit 4be1c0d."]);
});

test("where git cannot tell, all is compared, and that is said; without anything deployed it is refused", async () => {
  const a = { a: { sql: "select 1" } };
  const state = { changed: { unknown: "this folder is in no git repository" } };
  expect((await compare(checkout(a), deployed(a, state), true)).verdict).toBe(
    "All 1 node compile to the same SQL in dbt-core 1.11.1 and dbt Cloud 1.11.0, run 42. All nodes are compared, as what changed in git is not known: this folder is in no git repository.",
  );
  await expect(compare(checkout(a), checkout(a), true)).rejects.toThrow(DbtConfigurationError);
});

test("a manifest that cannot be read is an error, not an empty environment", async () => {
  const broken = path.join(storageDir, "broken.json");
  writeFileSync(broken, '{"nodes": {');
  await expect(
    compare(checkout({ a: { sql: "select 1" } }), deployed({}, { manifestPath: broken })),
  ).rejects.toThrow(/no manifest that can be read/);
});
