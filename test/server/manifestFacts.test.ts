import { describe, expect, test } from "vitest";
import {
  completeSelectorRequest,
  dataProductsRequest,
  nodeRequest,
  targetsRequest,
  testsRequest,
} from "../../protocol/requests.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { LspClient } from "../harness/lspClient.ts";
import { genericTest, macro, manifestText, model, source } from "../harness/manifestFile.ts";
import { ScriptedPlugin } from "../harness/scriptedPlugin.ts";

const schema = `version: 2
models:
  - name: orders
    columns:
      - name: id
        data_tests:
          - unique
          - not_null
  - name: totals
unit_tests:
  - name: adds_up
    model: totals
`;

function shop(): Promise<TestProject> {
  return dbtProject({
    "models/orders.sql": "select 1 as id\n",
    "models/totals.sql": "select 1 as id\n",
    "models/schema.yml": schema,
    "models/sources.yml": "sources:\n  - name: raw\n    tables:\n      - name: orders\n",
    "macros/money.sql": "\n\n{% macro cents(a) %}{% endmacro %}\n",
    "tests/none_lost.sql": "select 1\n",
    "floe.yaml": 'name: huts\ntransforms:\n  - {type: dbt, path: models, select: "tag:daily"}\n',
    "target/run_results.json": JSON.stringify({
      metadata: {},
      results: [
        {
          unique_id: "test.shop.unique_orders_id.0123456789",
          status: "fail",
          message: "\u001b[31mGot 3\u001b[0m results",
          execution_time: 0.5,
        },
      ],
    }),
    "target/manifest.json": manifestText({
      nodes: [
        model("models/orders.sql", {
          parents: ["source.shop.raw.orders"],
          patch_path: "shop://models/schema.yml",
          description: "Each **order** <b>once</b> [x](command:evil)",
          relation_name: '"shop"."main"."orders"',
          columns: { id: { name: "id", data_type: "int", description: "Its number" } },
          tags: ["daily"],
        }),
        model("models/totals.sql", { parents: ["model.shop.orders"] }),
        genericTest("unique", "model.shop.orders", "id"),
        genericTest("not_null", "model.shop.orders", "id"),
        {
          unique_id: "test.shop.none_lost",
          name: "none_lost",
          resource_type: "test",
          package_name: "shop",
          original_file_path: "tests/none_lost.sql",
          depends_on: { nodes: ["model.shop.totals"], macros: [] },
        },
      ],
      sources: [source("raw", "orders")],
      macros: [macro("cents", { original_file_path: "macros/money.sql" })],
      unit_tests: [
        {
          unique_id: "unit_test.shop.totals.adds_up",
          name: "adds_up",
          model: "totals",
          package_name: "shop",
          original_file_path: "models/schema.yml",
          depends_on: { nodes: ["model.shop.totals"] },
        },
      ],
    }),
  });
}

function started(project: TestProject): Promise<LspClient> {
  return LspClient.start({
    folders: [project.dir],
    plugins: () => ({ local: () => new ScriptedPlugin() }),
  });
}

describe("facts from the manifest", () => {
  test("tests, each with the line that defines it and how it did", async () => {
    await using project = await shop();
    await using client = await started(project);
    const { tests } = await client.connection.sendRequest(testsRequest, { projectDir: project.dir });
    expect(
      tests.map(({ name, kind, parentName, line, filePath, status }) => [
        name,
        kind,
        parentName,
        filePath?.slice(project.dir.length + 1).replaceAll("\\", "/"),
        line,
        status,
      ]),
    ).toEqual([
      ["none_lost", "singular", "totals", "tests/none_lost.sql", 1, null],
      ["not_null_orders_id", "generic", "orders", "models/schema.yml", 8, null],
      ["unique_orders_id", "generic", "orders", "models/schema.yml", 7, "fail"],
      ["adds_up", "unit", "totals", "models/schema.yml", 11, null],
    ]);
    expect(tests[2]).toMatchObject({
      column: "id",
      message: "Got 3 results",
      selector: "unique_orders_id",
    });
    expect(tests[3]?.selector).toBe("unit_test:adds_up");
  });

  test("a test's line follows the unsaved text", async () => {
    await using project = await shop();
    await using client = await started(project);
    await client.open(project.file("models/schema.yml"), `# a line more\n${schema}`, "yaml");
    const { tests } = await client.connection.sendRequest(testsRequest, { projectDir: project.dir });
    expect(tests.map(({ line }) => line)).toEqual([1, 9, 8, 12]);
  });

  test("all of a node, by id and by its file", async () => {
    await using project = await shop();
    await using client = await started(project);
    const uniqueId = "model.shop.orders";
    const node = await client.connection.sendRequest(nodeRequest, { projectDir: project.dir, uniqueId });
    expect(node).toMatchObject({
      name: "orders",
      description: "Each **order** <b>once</b> [x](command:evil)",
      relation: '"shop"."main"."orders"',
      materialized: "view",
      tags: ["daily"],
      columns: [{ name: "id", type: "int", description: "Its number", tests: ["not_null", "unique"] }],
      line: 1,
      parents: ["source.shop.raw.orders"],
      children: ["model.shop.totals"],
      reference: "{{ ref('orders') }}",
    });
    const uri = uriOfPath(project.file("models/orders.sql"));
    expect(await client.connection.sendRequest(nodeRequest, { uri })).toEqual(node);
    const source = { projectDir: project.dir, uniqueId: "source.shop.raw.orders" };
    expect(await client.connection.sendRequest(nodeRequest, source)).toMatchObject({
      line: 4,
      reference: "{{ source('raw', 'orders') }}",
    });
    const cents = { projectDir: project.dir, uniqueId: "macro.shop.cents" };
    expect(await client.connection.sendRequest(nodeRequest, cents)).toMatchObject({
      line: 3,
      reference: "{{ cents(a, b) }}",
    });
    const gone = { projectDir: project.dir, uniqueId: "model.shop.gone" };
    expect(await client.connection.sendRequest(nodeRequest, gone)).toBeNull();
  });

  test("what a selection may hold, data products, and targets", async () => {
    await using project = await shop();
    await using client = await started(project);
    const { projectDir } = { projectDir: project.dir };
    const completed = await client.connection.sendRequest(completeSelectorRequest, {
      projectDir,
      text: "+tot+",
      offset: 4,
    });
    expect(completed.suggestions[0]).toEqual({
      from: 1,
      to: 4,
      text: "totals",
      detail: "model, view",
      kind: "node",
    });
    expect(await client.connection.sendRequest(dataProductsRequest, { projectDir })).toEqual({
      products: [
        {
          name: "huts",
          filePath: project.file("floe.yaml"),
          select: "tag:daily,path:models",
          exclude: null,
          tests: true,
        },
      ],
    });
    const targets = await client.connection.sendRequest(targetsRequest, { projectDir });
    expect(targets).toMatchObject({
      targets: ["dev", "other"],
      current: "dev",
      profilesPath: project.file("profiles.yml"),
    });
    expect(targets.runtimes.map(({ name, available }) => [name, available])).toEqual([
      ["local", true],
      ["fusion", false],
      ["cloud", false],
    ]);
  });
});
