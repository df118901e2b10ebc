import { rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileChangeType } from "vscode-languageserver/node";
import type { ManifestInfo, TreeParams, TreeRow } from "../../protocol/manifest.ts";
import {
  manifestChangedNotification,
  manifestInfoRequest,
  treePathRequest,
  treeRequest,
} from "../../protocol/requests.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import { type BuiltProduct, buildProduct } from "../harness/builtProduct.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { type ClientOptions, LspClient } from "../harness/lspClient.ts";
import { genericTest, manifestText, model, source } from "../harness/manifestFile.ts";
import { ScriptedPlugin } from "../harness/scriptedPlugin.ts";

const shop = manifestText({
  nodes: [
    model("models/orders.sql", { parents: ["source.shop.raw.orders"] }),
    model("models/totals.sql", { parents: ["model.shop.orders"] }),
    genericTest("unique", "model.shop.orders", "id"),
  ],
  sources: [source("raw", "orders")],
});
const files = {
  "models/orders.sql": "select * from {{ source('raw', 'orders') }}\n",
  "models/totals.sql": "select count(*) as orders from {{ ref('orders') }}\n",
  "models/schema.yml": "version: 2\n",
  "models/sources.yml": "version: 2\n",
};

interface Session extends AsyncDisposable {
  client: LspClient;
  plugin: ScriptedPlugin;
  /** What was told last, once it is so. */
  manifest: (is: (info: ManifestInfo) => boolean) => Promise<ManifestInfo>;
}

async function started(project: TestProject, options: Partial<ClientOptions> = {}): Promise<Session> {
  const plugin = new ScriptedPlugin();
  const client = await LspClient.start({
    folders: [project.dir],
    plugins: () => ({ local: () => plugin }),
    ...options,
  });
  let last: ManifestInfo | undefined;
  client.connection.onNotification(manifestChangedNotification, (info) => {
    last = info;
    client.nudge();
  });
  return {
    client,
    plugin,
    async manifest(is) {
      const { manifests } = await client.connection.sendRequest(manifestInfoRequest, {});
      last = manifests[0] ?? last;
      return await client.waitFor("the manifest", () => (last && is(last) ? last : undefined));
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** Rows of a level, once they are so. */
async function rowsOnce(
  { client, manifest }: Session,
  query: TreeParams,
  is: (rows: TreeRow[]) => boolean,
): Promise<TreeRow[]> {
  for (let version = -1; ;) {
    const before = version;
    const info = await manifest((now) => now.version > before);
    const { rows } = await client.connection.sendRequest(treeRequest, query);
    if (is(rows)) return rows;
    version = info.version;
  }
}

const ready = (info: ManifestInfo): boolean => info.state === "ready";

async function labels({ client }: Session, project: TestProject, parent?: string): Promise<string[]> {
  const { rows } = await client.connection.sendRequest(treeRequest, {
    projectDir: project.dir,
    grouping: "folder",
    ...(parent !== undefined && { parent }),
  });
  return rows.map(({ label, description }) => `${label} ${description}`.trim());
}

describe("a manifest in target/", () => {
  test("is there before dbt ever ran here", async () => {
    await using project = await dbtProject({ ...files, "target/manifest.json": shop });
    await using session = await started(project);
    expect(await labels(session, project)).toEqual(["Sources 1", "Models 2", "Tests 1"]);
    const info = await session.manifest(({ stale }) => stale);
    expect(info).toMatchObject({
      projectName: "shop",
      origin: "target",
      generatedAt: Date.parse("2026-01-02T03:04:05Z"),
      stale: true,
      dbtVersion: "1.11.16",
      counts: { model: 2, source: 1, test: 1 },
      message: null,
    });
    expect(session.plugin.lints).toEqual([]);
  });

  test("that is not there is said, and seen when it comes", async () => {
    await using project = await dbtProject(files);
    await using session = await started(project);
    const none = await session.manifest(({ state }) => state === "none");
    expect(none.message).toContain(path.join("target", "manifest.json"));
    await project.write("target/manifest.json", shop);
    await session.client.filesChanged({ [project.file("target/manifest.json")]: FileChangeType.Created });
    await session.manifest(ready);
    expect(await labels(session, project)).toContain("Models 2");
  });

  test.each([
    ["cut off", shop.slice(0, -40), /not whole.*Compile|not whole.*compile/],
    ["empty", "", /not whole/],
    ["no JSON", "<html>", /cannot be understood.*byte 0/],
    ["another JSON", '{"a": {"b": 1}}', /no manifest of dbt/],
  ])("that is %s is said, and read again when it is written anew", async (_, text, message) => {
    await using project = await dbtProject({ ...files, "target/manifest.json": text });
    await using session = await started(project);
    const broken = await session.manifest(({ state }) => state === "broken");
    expect(broken.message).toMatch(message);
    expect(await labels(session, project)).toEqual([]);
    await project.write("target/manifest.json", shop);
    await session.client.filesChanged({ [project.file("target/manifest.json")]: FileChangeType.Changed });
    expect((await session.manifest(ready)).message).toBeNull();
  });

  test("that is cut off later leaves the one before it, and says so", async () => {
    await using project = await dbtProject({ ...files, "target/manifest.json": shop });
    await using session = await started(project);
    await session.manifest(ready);
    await project.write("target/manifest.json", shop.slice(0, 300));
    await session.client.filesChanged({ [project.file("target/manifest.json")]: FileChangeType.Changed });
    const info = await session.manifest(({ message }) => message !== null);
    expect(info).toMatchObject({ state: "ready", counts: { model: 2 } });
    expect(info.message).toMatch(/not whole.*one before it/);
  });

  test("of an older or a newer dbt is shown as far as it is understood", async () => {
    const strange = manifestText({
      metadata: { dbt_schema_version: "https://schemas.getdbt.com/dbt/manifest/v99.json", dbt_version: 7 },
      nodes: [
        model("models/orders.sql", { columns: [], tags: "x", depends_on: null, config: 3, description: 5 }),
        { unique_id: "model.shop.bad", resource_type: "hologram", name: "bad" },
        { unique_id: "model.shop.none" },
      ],
    });
    await using project = await dbtProject({ ...files, "target/manifest.json": strange });
    await using session = await started(project);
    const info = await session.manifest(ready);
    expect(info.counts).toEqual({ model: 1 });
    expect(info.message).toMatch(/v99/);
  });

  test("is stale as soon as a file is saved, and a deleted file is told", async () => {
    const now = new Date(Date.now() + 3600_000).toISOString();
    const fresh = manifestText({
      metadata: { generated_at: now },
      nodes: [model("models/orders.sql"), model("models/totals.sql")],
    });
    await using project = await dbtProject({ ...files, "target/manifest.json": fresh });
    await using session = await started(project);
    expect((await session.manifest(ready)).stale).toBe(false);
    await rm(project.file("models/totals.sql"));
    await session.client.filesChanged({ [project.file("models/totals.sql")]: FileChangeType.Deleted });
    const query = { projectDir: project.dir, grouping: "folder", parent: "/smodel" } as const;
    const rows = await rowsOnce(session, query, (all) => all[1]?.description !== "view");
    expect(rows.map(({ description }) => description)).toEqual(["view", "view, its file is gone"]);
  });

  test("tells the way to the open file", async () => {
    await using project = await dbtProject({ ...files, "target/manifest.json": shop });
    await using session = await started(project);
    const found = await session.client.connection.sendRequest(treePathRequest, {
      uri: uriOfPath(project.file("models/orders.sql")),
      grouping: "folder",
    });
    expect(found?.projectDir).toBe(project.dir);
    expect(found?.path.map(({ label }) => label)).toEqual(["Models", "orders"]);
  });
});

describe("run_results.json", () => {
  test("gives the nodes their state, also when it is written later", async () => {
    const results = (status: string) =>
      JSON.stringify({
        metadata: { generated_at: "2026-01-02T03:04:05Z" },
        results: [
          { unique_id: "model.shop.orders", status, execution_time: 1.5, message: "no such table" },
          { unique_id: "model.other.gone", status: "error" },
          "nonsense",
        ],
        args: { which: "run" },
      });
    await using project = await dbtProject({
      ...files,
      "target/manifest.json": shop,
      "target/run_results.json": results("error"),
    });
    await using session = await started(project);
    const query = { projectDir: project.dir, grouping: "folder", parent: "/smodel" } as const;
    await rowsOnce(session, query, ([orders]) => orders?.status === "error");
    await project.write("target/run_results.json", results("success"));
    await session.client.filesChanged({ [project.file("target/run_results.json")]: FileChangeType.Changed });
    await rowsOnce(session, query, ([orders]) => orders?.status === "success");
  });
});

describe("a workspace that is not trusted", () => {
  test("has its manifest, and nothing is started", async () => {
    await using project = await dbtProject({ ...files, "target/manifest.json": shop });
    let made = 0;
    await using session = await started(project, {
      initializationOptions: { trusted: false },
      plugins: () => ({
        local: () => {
          made += 1;
          return new ScriptedPlugin();
        },
      }),
    });
    const { client } = session;
    expect(await labels(session, project)).toContain("Models 2");
    const uri = await client.open(project.file("models/orders.sql"), "select 1\n");
    await client.change(uri, "select 2\n");
    await client.save(uri);
    await client.filesChanged({ [project.file("models/orders.sql")]: FileChangeType.Changed });
    await session.manifest(({ stale }) => stale);
    await expect(client.connection.sendRequest("dbt/lintProject", {})).rejects.toThrow(/Unhandled method/);
    await expect(client.connection.sendRequest("dbt/doctor", {})).rejects.toThrow(/Unhandled method/);
    expect(made).toBe(0);
  });

  test("has its configuration's mistakes", async () => {
    await using project = await dbtProject({ "dbt_project.yml": "name: shop\nprofile: nowhere\n" });
    await using session = await started(project, { initializationOptions: { trusted: false } });
    const uri = uriOfPath(project.file("dbt_project.yml"));
    const [problem] = await session.client.waitForDiagnostics(uri, (all) => all.length > 0);
    expect(problem?.message).toContain("nowhere");
  });
});

describe("the built server", () => {
  let product: BuiltProduct;
  beforeAll(async () => {
    product = await buildProduct();
  });
  afterAll(() => product[Symbol.asyncDispose]());

  test("reads a manifest in a thread of its own", async () => {
    await using project = await dbtProject({ ...files, "target/manifest.json": shop });
    await using session = await started(project, {
      plugins: product.server,
      initializationOptions: { trusted: false },
    });
    await session.manifest(ready);
    expect(await labels(session, project)).toEqual(["Sources 1", "Models 2", "Tests 1"]);
  });
});
