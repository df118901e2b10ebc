import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { schemaFiles } from "../../../scripts/schemas.ts";
import { parseYaml } from "../../../server/config/yamlFile.ts";
import { folderWith, goodProject, load } from "./projectOnDisk.ts";

const written = (name: string) => readFile(path.join(import.meta.dirname, "../../../schemas", name), "utf8");

test("schemas/ is what scripts/schemas.ts writes", async () => {
  for (const [name, text] of Object.entries(await schemaFiles())) {
    expect((await written(name)).replaceAll("\r\n", "\n"), `${name} is stale: node scripts/schemas.ts`).toBe(
      text,
    );
  }
});

const manifests = [
  [true, "plugins: {dbt_runtime: local}"],
  [true, "plugins: {dbt_runtime: local, compute: {type: duckdb}}\nother: 1"],
  [true, "plugins: {dbt_runtime: fusion, dbt_runtime_config: {fusion: {path: x, version: 2.0}, local: }}"],
  [true, "plugins: {dbt: {type: core, config: {python: x, dbt_version: '1.8'}}}"],
  [
    true,
    "plugins: {dbt: {type: cloud, config: {account_id: 1, api_token_ref: {name: x, key: y}, job_ids: {run: 1}}}}",
  ],
  [
    true,
    "plugins: {dbt_runtime_config: {cloud: {account_id: '1', api_token_ref: dbt-token, timeout_seconds: 1}}}",
  ],
  [false, "plugins: {dbt_runtime: lokal}"],
  [false, "plugins: {dbt: {type: spark}}"],
  [false, "plugins: {dbt: {config: {}}}"],
  [false, "plugins: {dbt: cloud}"],
  [false, "plugins: {dbt: {type: core, config: {python: 7}}}"],
  [false, "plugins: {dbt_runtime_config: {local: {python: [x]}}}"],
  [false, "plugins: {dbt_runtime_config: {cloud: {api_token_ref: dbtc_abcdef}}}"],
  [false, "plugins: {dbt_runtime_config: {cloud: {api_token_ref: {key: x}}}}"],
  [false, "plugins: {dbt_runtime_config: {cloud: {account_id: 1.5}}}"],
  [false, "plugins: {dbt_runtime_config: {cloud: {base_url: cloud}}}"],
  [false, "plugins: {dbt_runtime_config: {cloud: {poll_interval_seconds: 0}}}"],
  [false, "plugins: {dbt_runtime_config: {cloud: {job_ids: {test: true}}}}"],
] as const;

const specs = [
  [true, "transforms: [{type: dbt, path: m, select: a, exclude: [b], tests: true}]"],
  [true, "transforms: [{name: a, tags: [x], tier: gold, dependsOn: [b], compute: spark}]"],
  [true, "transforms: [{type: python, path: 7}]\nplatform: {manifest: ../manifest.yaml, ref: x}"],
  [true, "transforms:\nplatform:\nschedule: {cron: x}"],
  [false, "transforms: {name: a}"],
  [false, "transforms: [{type: dbt}]"],
  [false, "transforms: [{type: dbt, path: 7}]"],
  [false, "transforms: [{type: dbt, path: m, tests: maybe}]"],
  [false, "transforms: [{name: a, dependsOn: b}]"],
  [false, "transforms: [{foo: 1}]"],
  [false, "transforms: [text]"],
  [false, "platform: {manifest: 7}"],
] as const;

test.each([
  ...manifests.map(
    ([accepted, text]) => ["manifest.yaml", "floe-manifest.schema.json", accepted, text] as const,
  ),
  ...specs.map(([accepted, text]) => ["floe.yaml", "floe.schema.json", accepted, text] as const),
])("%s: its schema (%s) and we agree, accepted %s: %s", async (name, schemaName, accepted, text) => {
  const json = JSON.parse(await written(schemaName)) as Parameters<typeof z.fromJSONSchema>[0];
  expect(z.fromJSONSchema(json).safeParse(parseYaml(name, text).value).success).toBe(accepted);

  // The manifest that "platform" names in an example is there, so that only the example itself is judged.
  await using folder = await folderWith({
    "project/dbt_project.yml": goodProject["dbt_project.yml"],
    "project/profiles.yml": goodProject["profiles.yml"],
    [`project/${name}`]: text,
    "manifest.yaml": name === "manifest.yaml" ? "" : "plugins: {}",
  });
  const config = await load(folder, { project: "project", settings: { runtime: "local" } });
  expect(config.problems.filter(({ severity }) => severity === "error").length === 0).toBe(accepted);
});
