import { describe, expect, test } from "vitest";
import type { TreeGrouping, TreeRow } from "../../../protocol/manifest.ts";
import type { ManifestIndex } from "../../../server/manifest/manifestIndex.ts";
import { ManifestTree, pageSize } from "../../../server/manifest/tree.ts";
import { indexOf } from "./indexOf.ts";
import { genericTest, macro, model, source } from "../../harness/manifestFile.ts";

function treeOf(index: ManifestIndex, gone: readonly string[] = []): ManifestTree {
  return new ManifestTree({
    index,
    statusOf: (id) => (id === "model.shop.orders" ? "fail" : null),
    isGone: ({ id }) => gone.includes(id),
  });
}

const shop = indexOf({
  nodes: [
    model("models/staging/stg_orders.sql", { parents: ["source.shop.raw.orders"], tags: ["nightly"] }),
    model("models/marts/orders.sql", {
      parents: ["model.shop.stg_orders"],
      tags: ["nightly", "core"],
      group: "sales",
      description: "One row an order.",
      columns: { order_id: { name: "order_id", data_type: "int", description: "Its number." } },
    }),
    model("models/top.sql", { parents: ["model.shop.orders"] }),
    model("models/marts/orders.sql", { package: "utils" }),
    genericTest("unique", "model.shop.orders", "order_id"),
  ],
  sources: [source("raw", "orders")],
  macros: [macro("cents"), macro("ref", { package: "dbt" }), macro("upsert", { package: "dbt_duckdb" })],
});

/** Rows as a person sees them. */
function seen(rows: TreeRow[]): string[] {
  return rows.map(({ label, description }) => `${label} ${description}`.trim());
}

function open(tree: ManifestTree, labels: readonly string[], grouping: TreeGrouping = "folder"): TreeRow[] {
  let rows = tree.rows({ grouping });
  for (const label of labels) {
    const row = rows.find((each) => each.label === label);
    if (!row) throw new Error(`There is no ${label} among ${rows.map((each) => each.label).join(", ")}`);
    expect(row.expandable, label).toBe(true);
    rows = tree.rows({ parent: row.key, grouping });
  }
  return rows;
}

describe("the tree of a project", () => {
  const tree = treeOf(shop);

  test("begins with what there is, and how many", () => {
    expect(seen(tree.rows({ grouping: "folder" }))).toEqual(["Sources 1", "Models 4", "Tests 1", "Macros 1"]);
  });

  test("groups models by folder, and those of packages apart", () => {
    const rows = open(tree, ["Models"]);
    expect(seen(rows)).toEqual(["marts 1", "staging 1", "utils 1", "top view"]);
    expect(rows.map(({ selector }) => selector)).toEqual([
      "path:models/marts",
      "path:models/staging",
      "package:utils",
      "top",
    ]);
    expect(open(tree, ["Models", "utils", "marts"])[0]).toMatchObject({
      uniqueId: "model.utils.orders",
      selector: "utils.marts.orders",
      description: "view, package utils",
    });
  });

  test.each<[TreeGrouping, string[], string | null]>([
    ["tag", ["core 1", "nightly 2", "(no tag) 2"], "tag:core"],
    ["package", ["shop 3", "utils 1"], "package:shop"],
    ["group", ["sales 1", "(no group) 3"], "group:sales"],
  ])("groups models by %s", (grouping, expected, selector) => {
    const rows = open(tree, ["Models"], grouping);
    expect(seen(rows)).toEqual(expected);
    expect(rows[0]?.selector).toBe(selector);
  });

  test("a node says its state, what can be done with it, and where it is", () => {
    expect(open(tree, ["Models", "marts"])[0]).toMatchObject({
      label: "orders",
      description: "view, package shop",
      status: "fail",
      filePath: "/work/shop/models/marts/orders.sql",
      line: 1,
      can: "runnable testable compiled hasParents hasChildren referable",
      selector: "shop.marts.orders",
    });
  });

  test("a node opens into its parents, children, tests and columns", () => {
    expect(seen(open(tree, ["Models", "marts", "orders"]))).toEqual([
      "Parents 1",
      "Children 1",
      "Tests 1",
      "Columns 1",
    ]);
    expect(seen(open(tree, ["Models", "marts", "orders", "Columns"]))).toEqual(["order_id int  Its number."]);
    expect(seen(open(tree, ["Models", "marts", "orders", "Parents", "stg_orders"]))).toEqual(["raw.orders"]);
    expect(open(tree, ["Models", "marts", "orders", "Parents", "stg_orders"])[0]?.expandable).toBe(false);
  });

  test("tests stand under what they test", () => {
    expect(seen(open(tree, ["Tests", "orders"]))).toEqual(["unique_orders_order_id generic order_id"]);
  });

  test("a filter holds for counts and for each level", () => {
    expect(seen(tree.rows({ grouping: "folder", filter: "ORDERS marts" }))).toEqual(["Models 2"]);
    expect(seen(tree.rows({ grouping: "folder", filter: "row an order" }))).toEqual(["Models 1"]);
    expect(tree.rows({ grouping: "folder", filter: "nothing of the kind" })).toEqual([]);
  });

  test("each row is found again by its key, in the way to a node", () => {
    const facts = shop.node("model.shop.orders")!;
    for (const grouping of ["folder", "tag", "package", "group"] as const) {
      const way = tree.path(facts, grouping);
      expect(way.at(-1)?.uniqueId).toBe(facts.id);
      expect(way[0]?.kind).toBe("section");
    }
  });

  test("parents that go in a circle end where they begin", () => {
    const circle = treeOf(
      indexOf({
        nodes: [
          model("models/a.sql", { parents: ["model.shop.b"] }),
          model("models/b.sql", { parents: ["model.shop.a"] }),
        ],
      }),
    );
    const [last] = open(circle, ["Models", "a", "Parents", "b"]);
    expect(last).toMatchObject({ label: "a", expandable: false, description: "view (above)" });
  });

  test("a node whose file is gone says so", () => {
    const rows = open(treeOf(shop, ["model.shop.top"]), ["Models"]);
    expect(rows.at(-1)).toMatchObject({ description: "view, its file is gone", filePath: null });
  });

  test("a long list comes in pages, and the way to a node leads through them", () => {
    const count = pageSize * 2 + 10;
    const names = Array.from({ length: count }, (_, at) => `m${String(at).padStart(5, "0")}`);
    const index = indexOf({ nodes: names.map((name) => model(`models/${name}.sql`)) });
    const long = treeOf(index);
    const first = open(long, ["Models"]);
    expect(first).toHaveLength(pageSize + 1);
    expect(first.at(-1)).toMatchObject({ kind: "more", label: "Show 500 more", expandable: true });
    const second = long.rows({ parent: first.at(-1)!.key, grouping: "folder" });
    expect(second.at(-1)).toMatchObject({ label: "Show the other 10" });
    const last = index.node(`model.shop.${names.at(-1)!}`)!;
    expect(long.path(last, "folder").map(({ kind }) => kind)).toEqual(["section", "more", "more", "node"]);
  });
});
