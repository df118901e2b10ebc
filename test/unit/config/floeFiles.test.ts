import { expect, test } from "vitest";
import { resolveRuntime } from "../../../server/config/resolveRuntime.ts";
import { folderWith, goodProject, load, shown, type Loading } from "./projectOnDisk.ts";

async function withManifest(manifest: string, loading: Loading = {}) {
  await using folder = await folderWith({ ...goodProject, "manifest.yaml": manifest });
  const config = await load(folder, loading);
  return { config, problems: shown(config, folder), dir: folder.dir };
}

const inRuntimeConfig = [
  "plugins:",
  "  compute: {type: duckdb, dbt_threads: 4}",
  "  dbt_runtime: cloud",
  "  dbt_runtime_config:",
  "    local: {dbt_version: 1.10, python_version: '3.11', python: .venv/bin/python}",
  "    fusion: {path: dbtf, version: 2.0}",
  "    cloud:",
  "      account_id: '12345'",
  "      api_token_ref: {source: env, name: dbt-cloud-api-token, key: token}",
  "      base_url: https://cloud.getdbt.com/api/v2",
  "      environment_id: 7",
  "      job_ids: {compile: 67890, run: '67891'}",
  "      poll_interval_seconds: 2.5",
].join("\n");

test("the form of ADR-0043, every key of it", async () => {
  const { config, problems, dir } = await withManifest(inRuntimeConfig);
  expect(problems).toEqual([]);
  expect(config.runtime).toEqual({ runtime: "cloud", reason: "manifest.yaml, line 3" });
  expect(config.runtimeConfig).toEqual({
    local: { python: `${dir}/.venv/bin/python`, dbtVersion: "1.10", pythonVersion: "3.11" },
    fusion: { path: "dbtf", version: "2.0" },
    cloud: {
      accountId: "12345",
      apiToken: { source: "env", name: "dbt-cloud-api-token", key: "token" },
      baseUrl: "https://cloud.getdbt.com/api/v2",
      discoveryUrl: null,
      environmentId: "7",
      jobIds: { compile: "67890", run: "67891", test: null },
      pollIntervalSeconds: 2.5,
      timeoutSeconds: 3600,
    },
  });
});

test("the form of floe's schema: core is local", async () => {
  const { config, problems } = await withManifest(
    "plugins:\n  dbt:\n    type: core\n    config: {python: python3.12}\n",
  );
  expect(problems).toEqual([]);
  expect(config.runtime).toEqual({ runtime: "local", reason: "manifest.yaml, line 3" });
  expect(config.runtimeConfig).toEqual({
    local: { python: "python3.12", dbtVersion: null, pythonVersion: null },
  });
});

test("the setting goes before manifest.yaml, and without both nobody says", async () => {
  const setting = await withManifest(inRuntimeConfig, { settings: { runtime: "local" } });
  expect(setting.config.runtime).toEqual({ runtime: "local", reason: "setting floeDbt.runtime" });
  expect(resolveRuntime({ setting: "auto", manifest: null })).toEqual({
    runtime: null,
    reason: "neither floeDbt.runtime nor a manifest.yaml names one",
  });
});

test.each([
  [
    "an unknown runtime",
    "plugins:\n  dbt_runtime: lokal\n",
    `manifest.yaml:2:16 error "dbt_runtime" must be one of: local, fusion, cloud.`,
  ],
  [
    "an unknown type",
    "plugins:\n  dbt: {type: spark}\n",
    `manifest.yaml:2:15 error "type" must be one of: core, local, fusion, cloud.`,
  ],
  [
    "no type",
    "plugins:\n  dbt: {config: {}}\n",
    `manifest.yaml:2:3 error "type" is missing: it must be one of: core, local, fusion, cloud.`,
  ],
  [
    "a text for the plugin",
    "plugins:\n  dbt: cloud\n",
    `manifest.yaml:2:8 error "dbt" must be a mapping with a "type".`,
  ],
  [
    "a typo in our key",
    "plugins:\n  dbt_runtme: local\n",
    `manifest.yaml:2:3 warning "dbt_runtme" is not known here. Did you mean "dbt_runtime"?`,
  ],
  [
    "a typo in our section",
    "plugins:\n  dbt_runtime_config:\n    local: {pyton: x}\n",
    `manifest.yaml:3:13 warning "pyton" is not known here. Did you mean "python"?`,
  ],
  [
    "a list for a number",
    "plugins:\n  dbt_runtime_config: {cloud: {account_id: [1]}}\n",
    `manifest.yaml:2:32 error "account_id" must be a number, or a text of letters and digits.`,
  ],
  [
    "a part of a number",
    "plugins:\n  dbt_runtime_config: {cloud: {job_ids: {run: 1.5}}}\n",
    `manifest.yaml:2:47 error "run" must be a number, or a text of letters and digits.`,
  ],
  [
    "an address that is none",
    "plugins:\n  dbt_runtime_config: {cloud: {base_url: cloud}}\n",
    `manifest.yaml:2:42 error "base_url" must be an address, such as https://ab123.us1.dbt.com.`,
  ],
  [
    "no time at all",
    "plugins:\n  dbt_runtime_config: {cloud: {timeout_seconds: 0}}\n",
    `manifest.yaml:2:49 error "timeout_seconds" must be more than 0.`,
  ],
  [
    "two runtimes",
    "plugins:\n  dbt_runtime: local\n  dbt: {type: fusion}\n",
    `manifest.yaml:3:15 warning "dbt_runtime" chooses local and this fusion. "dbt_runtime" counts; remove one of them.`,
  ],
  [
    "cloud without its account",
    "plugins:\n  dbt_runtime: cloud\n  dbt_runtime_config: {cloud: {api_token_ref: dbt-token}}\n",
    `manifest.yaml:3:24 error The cloud runtime needs "account_id" in plugins.dbt_runtime_config.cloud.`,
  ],
  [
    "cloud without anything",
    "plugins:\n  dbt: {type: cloud}\n",
    `manifest.yaml:2:9 error The cloud runtime needs "account_id" and "api_token_ref" in plugins.dbt_runtime_config.cloud.`,
  ],
  [
    "broken YAML",
    "plugins:\n  dbt_runtime: 'local\n",
    `manifest.yaml:2:16 error This quote is never closed.`,
  ],
])("manifest.yaml: %s is said at its key", async (_, manifest, problem) => {
  expect((await withManifest(manifest)).problems).toEqual([problem]);
});

test.each([
  ["a dbt Cloud token", "dbtc_Zx81kq-f"],
  ["a user's token", "dbtu_abcdefgh"],
  ["40 hexadecimal digits", "0123456789abcdef0123456789abcdef01234567"],
  ["base64", "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MEFCQ0RFRg=="],
])("%s instead of a secret's name is refused and not repeated", async (_, token) => {
  for (const reference of [token, `{name: "${token}"}`]) {
    const { config, problems } = await withManifest(
      `plugins:\n  dbt_runtime_config:\n    cloud:\n      api_token_ref: ${reference}\n`,
    );
    expect(problems).toEqual([
      expect.stringMatching(
        /^manifest\.yaml:4:\d+ error "(api_token_ref|name)" must not be the token itself: put the name of a secret here\.$/,
      ),
    ]);
    expect(JSON.stringify(config)).not.toContain(token);
  }
});

test.each([
  "dbt-cloud-api-token",
  "platform/production/analytics-dbt-cloud-api-token-2",
  "DBT_CLOUD_API_TOKEN_2024",
])("%s is the name of a secret", async (name) => {
  const { config, problems } = await withManifest(
    `plugins: {dbt_runtime_config: {cloud: {api_token_ref: ${name}}}}\n`,
  );
  expect(problems).toEqual([]);
  expect(config.runtimeConfig.cloud?.apiToken).toEqual({ source: null, name, key: null });
});

test.each([
  ["Kubernetes", "apiVersion: v1\nkind: Pod\n---\nkind: Service\nspec: [\n"],
  ["a web app", "name: App\nicons: [{src: a.png}]\nplugins: {other: {type: x}}\n"],
  ["a template", "{{ if .Values.x }}\nkind: Pod\n{{ end }}\n"],
])("a manifest.yaml of another tool (%s) is passed by in silence", async (_, manifest) => {
  const { config, problems } = await withManifest(manifest);
  expect(problems).toEqual([]);
  expect(config.runtime.runtime).toBeNull();
});

test("floe.yaml: both forms of transforms, and those of other plugins", async () => {
  await using folder = await folderWith({
    ...goodProject,
    "floe.yaml": [
      "apiVersion: floe.dev/v1",
      "schedule: {cron: x}",
      "transforms:",
      "  - {type: dbt, path: models/, select: 'tag:daily', tests: false}",
      "  - {type: dbt, path: models/marts, select: [a, b], exclude: c}",
      "  - {name: stg_orders, tags: [daily], tier: silver, dependsOn: [raw_orders], compute: spark}",
      "  - {type: python, script: 7}",
    ].join("\n"),
  });
  const config = await load(folder);
  expect(config.problems).toEqual([]);
  expect(config.transforms).toEqual([
    { form: "selection", path: folder.at("models"), select: "tag:daily", exclude: null, tests: false },
    { form: "selection", path: folder.at("models/marts"), select: "a b", exclude: "c", tests: true },
    { form: "model", name: "stg_orders", tags: ["daily"], tier: "silver", dependsOn: ["raw_orders"] },
  ]);
});

test.each([
  ["no path", "transforms:\n  - name: a\n  - type: dbt\n", `floe.yaml:3:5 error "path" is missing.`],
  [
    "a text for a list",
    "transforms:\n  - name: a\n    tags: daily\n",
    `floe.yaml:3:11 error "tags" must be a list.`,
  ],
  [
    "a wrong selection",
    "transforms:\n  - {type: dbt, path: m, select: {a: b}}\n",
    `floe.yaml:2:26 error "select" must be a text such as "tag:daily", or a list of them.`,
  ],
  [
    "neither form",
    "transforms:\n  - foo: 1\n",
    `floe.yaml:2:5 error A transform is either "type: dbt" with a "path", or has the "name" of a model.`,
  ],
  ["not a list", "transforms: {name: a}\n", `floe.yaml:1:1 error "transforms" must be a list.`],
  [
    "a manifest that is not there",
    "platform:\n  manifest: ../platform.yaml\n",
    `floe.yaml:2:13 error There is no file $UP/platform.yaml.`,
  ],
  [
    "a manifest elsewhere",
    "platform:\n  manifest: oci://registry/x\n",
    `floe.yaml:2:13 info Only a manifest.yaml in a folder is read here; this address is left to floe.`,
  ],
  [
    "broken YAML",
    "transforms:\n  - {name: a\n",
    `floe.yaml:2:5 error This bracket or brace is never closed.`,
  ],
])("floe.yaml: %s is said at its key", async (_, floe, problem) => {
  await using folder = await folderWith({ ...goodProject, "floe.yaml": floe });
  const [first, ...more] = shown(await load(folder), folder);
  const up = folder.dir.replace(/[\\/][^\\/]*$/, "");
  expect(first?.replace(up, "$UP")).toMatch(problem);
  expect(first?.replace(up, "$UP").startsWith(problem)).toBe(true);
  expect(more).toEqual([]);
});

test("the nearest floe.yaml up to the workspace folder counts, and the manifest it names before one that lies about", async () => {
  await using folder = await folderWith({
    "work/floe.yaml": "platform: {manifest: platform/dbt.yaml}\n",
    "work/platform/dbt.yaml": "# chosen by the platform team\nplugins:\n  dbt_runtime: fusion\n",
    "work/team/manifest.yaml": "plugins: {dbt_runtime: local}\n",
    "work/team/shop/dbt_project.yml": goodProject["dbt_project.yml"],
    "work/team/shop/profiles.yml": goodProject["profiles.yml"],
    "work/team/shop/manifest.yaml": "kind: Pod\n",
    "floe.yaml": "transforms: 7\n",
  });
  const project = "work/team/shop";
  const config = await load(folder, { project, workspaceDir: folder.at("work") });
  expect(config.problems).toEqual([]);
  expect(config.runtime).toEqual({
    runtime: "fusion",
    reason: expect.stringMatching(/^platform.dbt\.yaml, line 3$/) as string,
  });
  expect(config.files).toContain(folder.at("work/team/floe.yaml"));
  expect(config.files).not.toContain(folder.at("floe.yaml"));

  await folder.write("work/floe.yaml", "transforms: []\n");
  const found = await load(folder, { project, workspaceDir: folder.at("work") });
  expect(found.runtime).toEqual({
    runtime: "local",
    reason: expect.stringMatching(/^team.manifest\.yaml, line 1$/) as string,
  });
});
