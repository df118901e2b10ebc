import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CompletionRequest,
  DefinitionRequest,
  DocumentSymbolRequest,
  HoverRequest,
  type Location,
  type Position,
  ReferencesRequest,
  type WorkspaceSymbol,
  WorkspaceSymbolRequest,
  WorkspaceSymbolResolveRequest,
} from "vscode-languageserver/node";
import { pathOfUri, uriOfPath } from "../../server/platform/uri.ts";
import { dbtProject, dbtProjectYml, type TestProject } from "../harness/dbtProject.ts";
import { LspClient, modernCapabilities } from "../harness/lspClient.ts";
import { genericTest, macro, manifestText, model, source } from "../harness/manifestFile.ts";
import { ScriptedPlugin } from "../harness/scriptedPlugin.ts";

const texts: Record<string, string> = {
  "models/orders.sql": "select {{ cents('amount') }}\nfrom {{ source('raw', 'orders') }}\n",
  "models/totals.sql":
    "-- ref('orders') in words\nselect {{ var('limit') }}, {{ utils.star('x') }}\nfrom {{ ref('orders') }}\njoin {{ ref('utils', 'orders') }}\n",
  "models/schema.yml": `version: 2
models:
  - name: orders
    description: "{{ doc('order') }}"
    columns:
      - name: id
        data_tests:
          - not_negative
          - relationships:
              to: ref('totals')
exposures:
  - name: board
    depends_on:
      - ref('orders')
`,
  "models/sources.yml": "sources:\n  - name: raw\n    tables:\n      - name: orders\n",
  "models/score.py": 'def model(dbt, session):\n    return dbt.ref("orders")\n',
  "models/ranks.yml": `models:
  - name: ranks
    versions:
      - v: 1
      - v: 2
unit_tests:
  - name: orders_add_up
    model: totals
`,
  "models/ranks_v1.sql": "select 1\n",
  "models/ranks_v2.sql": "select 2\n",
  "models/ranking.sql": "select 1 from {{ ref('ranks') }} join {{ ref('ranks', v=2) }}\n",
  "models/docs.md": "text\n{% docs order %}\nOne order.\n{% enddocs %}\n",
  "macros/money.sql": "{% macro cents(a) %}{{ a }}{% endmacro %}\n",
  "macros/tests.sql": "\n{% test not_negative(model, column_name) %}select 1{% endtest %}\n",
  "macros/unread.sql": "\n\n{% macro unread() %}{% endmacro %}\n",
  "dbt_packages/utils/models/orders.sql": "select 1\n",
  "dbt_packages/utils/macros/star.sql": "{% macro star(x) %}*{% endmacro %}\n",
  "dbt_project.yml": `${dbtProjectYml}vars:\n  limit: 5\n  shop:\n    scoped: 1\n`,
};

const manifest = manifestText({
  nodes: [
    model("models/orders.sql", {
      parents: ["source.shop.raw.orders"],
      depends_on: { nodes: ["source.shop.raw.orders"], macros: ["macro.shop.cents"] },
      patch_path: "shop://models/schema.yml",
      description: "One **order** [x](command:evil)",
      doc_blocks: ["doc.shop.order"],
      columns: { id: { name: "id", data_type: "int" } },
    }),
    model("models/totals.sql", {
      depends_on: { nodes: ["model.shop.orders", "model.utils.orders"], macros: ["macro.utils.star"] },
      raw_code: texts["models/totals.sql"],
    }),
    model("models/orders.sql", { package: "utils" }),
    model("models/score.py", { depends_on: { nodes: ["model.shop.orders"], macros: [] } }),
    ...[1, 2].map((version) =>
      model(`models/ranks_v${version}.sql`, {
        unique_id: `model.shop.ranks.v${version}`,
        name: "ranks",
        version,
        latest_version: 1,
      }),
    ),
    genericTest("not_negative", "model.shop.orders", "id", {
      depends_on: { nodes: ["model.shop.orders"], macros: ["macro.shop.test_not_negative"] },
    }),
    genericTest("relationships", "model.shop.orders", "id", {
      depends_on: { nodes: ["model.shop.totals", "model.shop.orders"], macros: [] },
    }),
  ],
  sources: [source("raw", "orders")],
  macros: [
    macro("cents", { original_file_path: "macros/money.sql" }),
    macro("test_not_negative", { original_file_path: "macros/tests.sql" }),
    macro("star", { package: "utils", description: "[x](command:evil)" }),
    macro("unread"),
    macro("current_timestamp", { package: "dbt" }),
  ],
  docs: [
    {
      unique_id: "doc.shop.order",
      name: "order",
      resource_type: "doc",
      package_name: "shop",
      original_file_path: "models/docs.md",
      block_contents: "One order.",
    },
  ],
  exposures: [
    {
      unique_id: "exposure.shop.board",
      name: "board",
      resource_type: "exposure",
      package_name: "shop",
      original_file_path: "models/schema.yml",
      depends_on: { nodes: ["model.shop.orders"] },
    },
  ],
});

interface Session extends AsyncDisposable {
  project: TestProject;
  client: LspClient;
  /** Opens a file, or changes its text. @returns its URI */
  show: (file: string, text: string) => Promise<string>;
  /** Opens a file, and tells where a word of it is. */
  at: (file: string, word: string) => Promise<{ textDocument: { uri: string }; position: Position }>;
  /** "models/orders.sql:1:1", lines and columns from 1. */
  places: (found: unknown) => string[];
}

let session: Session;
beforeAll(async () => {
  session = await started();
});
afterAll(() => session[Symbol.asyncDispose]());

async function started(): Promise<Session> {
  const project = await dbtProject({ ...texts, "target/manifest.json": manifest });
  const client = await LspClient.start({
    folders: [project.dir],
    plugins: () => ({ local: () => new ScriptedPlugin() }),
    capabilities: {
      ...modernCapabilities,
      workspace: {
        ...modernCapabilities.workspace,
        symbol: { resolveSupport: { properties: ["location.range"] } },
      },
      textDocument: { hover: { contentFormat: ["markdown", "plaintext"] } },
    },
  });
  const show = async (file: string, text: string): Promise<string> => {
    const uri = uriOfPath(project.file(file));
    if (client.documents.has(uri)) await client.change(uri, text);
    else await client.open(project.file(file), text, file.endsWith(".sql") ? "sql" : "yaml");
    return uri;
  };
  return {
    project,
    client,
    show,
    async at(file, word) {
      const text = texts[file] ?? "";
      const uri = await show(file, text);
      const offset = text.indexOf(word);
      if (offset < 0) throw new Error(`${file} has no ${word}`);
      return { textDocument: { uri }, position: client.document(uri).positionAt(offset + 1) };
    },
    places(found) {
      return (found as Location[])
        .map(({ uri, range: { start } }) => {
          const file = pathOfUri(uri)
            ?.slice(project.dir.length + 1)
            .replaceAll("\\", "/");
          return `${file}:${start.line + 1}:${start.character + 1}`;
        })
        .sort();
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
    },
  };
}

describe("definition", () => {
  test.each([
    ["models/totals.sql", "orders') }}\njoin", ["models/orders.sql:1:1"]],
    ["models/totals.sql", "orders') }}\n", ["models/orders.sql:1:1"]],
    ["models/totals.sql", "limit", ["dbt_project.yml:10:3"]],
    ["models/totals.sql", "star", ["dbt_packages/utils/macros/star.sql:1:10"]],
    ["models/totals.sql", "utils', ", ["dbt_packages/utils/models/orders.sql:1:1"]],
    ["models/orders.sql", "cents", ["macros/money.sql:1:10"]],
    ["models/orders.sql", "raw", ["models/sources.yml:4:15"]],
    ["models/orders.sql", "select", []],
    ["models/schema.yml", "order') }}", ["models/docs.md:2:9"]],
    ["models/schema.yml", "totals", ["models/totals.sql:1:1"]],
    ["models/schema.yml", "orders\n    desc", ["models/orders.sql:1:1"]],
    ["models/schema.yml", "not_negative", ["macros/tests.sql:2:9"]],
    ["models/schema.yml", "ref('orders')", ["models/orders.sql:1:1"]],
    ["models/ranks.yml", "totals", ["models/totals.sql:1:1"]],
    ["models/ranking.sql", "ranks') }}", ["models/ranks_v1.sql:1:1"]],
    ["models/ranking.sql", "ranks', v=2", ["models/ranks_v2.sql:1:1"]],
    ["models/score.py", "orders", ["models/orders.sql:1:1"]],
    ["dbt_project.yml", "limit", ["dbt_project.yml:10:3"]],
  ])("from %s, %j", async (file, word, expected) => {
    const found = await session.client.connection.sendRequest(
      DefinitionRequest.type,
      await session.at(file, word),
    );
    expect(session.places(found ?? [])).toEqual(expected);
  });
});

describe("references", () => {
  test.each([
    [
      "models/totals.sql",
      "orders') }}\njoin",
      [
        "models/orders.sql:1:1",
        "models/schema.yml:14:14",
        "models/schema.yml:3:11",
        "models/score.py:2:21",
        "models/totals.sql:3:14",
      ],
    ],
    ["macros/money.sql", "cents", ["macros/money.sql:1:10", "models/orders.sql:1:11"]],
    ["macros/tests.sql", "not_negative", ["macros/tests.sql:2:9", "models/schema.yml:8:13"]],
    ["models/sources.yml", "orders", ["models/orders.sql:2:24", "models/sources.yml:4:15"]],
    ["models/totals.sql", "limit", ["dbt_project.yml:10:3", "models/totals.sql:2:16"]],
    ["dbt_project.yml", "limit", ["dbt_project.yml:10:3", "models/totals.sql:2:16"]],
    ["models/sources.yml", "raw", ["models/orders.sql:2:24", "models/sources.yml:4:15"]],
    ["models/docs.md", "order %", ["models/docs.md:2:9", "models/schema.yml:4:27"]],
  ])("of what is at %s, %j", async (file, word, expected) => {
    const found = await session.client.connection.sendRequest(ReferencesRequest.type, {
      ...(await session.at(file, word)),
      context: { includeDeclaration: true },
    });
    expect(session.places(found ?? [])).toEqual(expected.sort());
  });
});

describe("hover", () => {
  test("shows what dbt says as text", async () => {
    const params = await session.at("models/totals.sql", "orders') }}\njoin");
    const hover = await session.client.connection.sendRequest(HoverRequest.type, params);
    const { contents } = hover as { contents: { kind: string; value: string } };
    expect(contents.kind).toBe("markdown");
    expect(contents.value).toContain("**orders**");
    expect(contents.value).toContain("One \\*\\*order\\*\\* \\[x\\]\\(command\\:evil\\)");
    expect(contents.value).toContain("**id** int");
  });

  test.each([
    ["models/totals.sql", "limit", "**limit** variable\n\n5"],
    [
      "models/totals.sql",
      "star",
      "**star** macro\n\nutils\\.star\\(a\\, b\\)\n\n\\[x\\]\\(command\\:evil\\)",
    ],
    ["models/orders.sql", "cents", "**cents** macro\n\ncents\\(a\\, b\\)"],
    ["models/orders.sql", "raw", "**orders** source\n\nsource\\(\\'raw\\'\\, \\'orders\\'\\)"],
    ["models/ranking.sql", "ranks', v=2", "**ranks** model · view\n\nref\\(\\'ranks\\'\\, v\\=2\\)"],
  ])("of what is at %s, %j", async (file, word, expected) => {
    const params = await session.at(file, word);
    const hover = await session.client.connection.sendRequest(HoverRequest.type, params);
    expect((hover as { contents: { value: string } } | null)?.contents.value).toBe(expected);
  });

  test("is silent where nothing is known", async () => {
    const params = await session.at("models/totals.sql", "select");
    expect(await session.client.connection.sendRequest(HoverRequest.type, params)).toBeNull();
  });
});

describe("completion", () => {
  async function offered(file: string, text: string): Promise<{ labels: string[]; first: string }> {
    const offset = text.indexOf("|");
    const typed = text.replace("|", "");
    const { client, project } = session;
    const uri = await session.show(file, typed);
    const position = client.document(uri).positionAt(offset);
    const found = await client.connection.sendRequest(CompletionRequest.type, {
      textDocument: { uri },
      position,
    });
    const items = found === null ? [] : Array.isArray(found) ? found : found.items;
    const [first] = items;
    const edit = first?.textEdit;
    const applied = edit && "range" in edit ? client.apply({ changes: { [uri]: [edit] } }) : {};
    return { labels: items.map(({ label }) => label), first: applied[project.file(file)] ?? "" };
  }

  test.each([
    ["models/a.sql", "{{ ref('ord|') }}", ["orders"], "{{ ref('orders') }}"],
    ["models/a.sql", "{{ ref('|", ["orders", "ranks", "score", "totals", "utils"], "{{ ref('orders"],
    ["models/a.sql", "{{ ref(|) }}", ["orders", "ranks", "score", "totals", "utils"], "{{ ref('orders') }}"],
    ["models/a.sql", "{{ ref('utils', '|') }}", ["orders"], "{{ ref('utils', 'orders') }}"],
    ["models/a.sql", "{{ source('|') }}", ["raw"], "{{ source('raw') }}"],
    ["models/a.sql", "{{ source('raw', 'o|ld') }}", ["orders"], "{{ source('raw', 'orders') }}"],
    ["models/a.sql", "{{ var('|') }}", ["limit", "scoped"], "{{ var('limit') }}"],
    ["models/a.sql", "{{ cents|", ["cents", "current_timestamp"], "{{ cents"],
    ["models/a.sql", "{{ utils.|", ["star"], "{{ utils.star"],
    ["models/a.sql", "select ref('|')", [], ""],
    ["models/a.yml", "models:\n  - to: ref('tot|')\n", ["totals"], "models:\n  - to: ref('totals')\n"],
    ["models/a.yml", "description: \"{{ doc('|') }}\"", ["order"], "description: \"{{ doc('order') }}\""],
  ])("in %s, %j", async (file, text, labels, first) => {
    expect(await offered(file, text)).toEqual({ labels, first });
  });
});

test("symbols of a file and of the workspace", async () => {
  const { client } = session;
  const { textDocument } = await session.at("models/schema.yml", "models");
  const outline = await client.connection.sendRequest(DocumentSymbolRequest.type, { textDocument });
  expect(outline?.map(({ name }) => name)).toEqual(["orders", "board"]);
  const found = await client.connection.sendRequest(WorkspaceSymbolRequest.type, { query: "ord" });
  expect(found?.map(({ name }) => name).slice(0, 4)).toEqual(["orders", "orders", "raw.orders", "order"]);
  const chosen = await client.connection.sendRequest(WorkspaceSymbolRequest.type, { query: "unread" });
  const [symbol] = chosen ?? [];
  expect(symbol?.location).not.toHaveProperty("range");
  const resolved = await client.connection.sendRequest(
    WorkspaceSymbolResolveRequest.type,
    symbol as WorkspaceSymbol,
  );
  expect(session.places([resolved.location])).toEqual(["macros/unread.sql:3:10"]);
});
