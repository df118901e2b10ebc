import { describe, expect, test } from "vitest";
import { completeSelector } from "../../../server/manifest/completeSelector.ts";
import { genericTest, model, source } from "../../harness/manifestFile.ts";
import { indexOf } from "./indexOf.ts";

const index = indexOf({
  nodes: [
    model("models/marts/orders.sql", { tags: ["nightly"], group: "sales" }),
    model("models/marts/customers.sql", { config: { materialized: "incremental" } }),
    model("models/staging/stg_orders.sql"),
    model("models/orders.sql", { package: "utils" }),
    genericTest("unique", "model.shop.orders", "id"),
  ],
  sources: [source("raw", "orders")],
});

/** What is offered where "|" stands, each as the text that would be there then. */
function offered(marked: string): string[] {
  const offset = marked.indexOf("|");
  const text = marked.replace("|", "");
  return completeSelector(index, text, offset).map(
    (each) => text.slice(0, each.from) + each.text + text.slice(each.to),
  );
}

describe("a selection is completed", () => {
  test("with the names of selectors.yml", () => {
    const selectors = [
      { name: "nightly", description: "What runs at night" },
      { name: "hourly", description: "" },
    ];
    const complete = (text: string) => completeSelector(index, text, text.length, selectors);
    expect(complete("selector:").map(({ text, detail }) => [text, detail])).toEqual([
      ["selector:nightly", "What runs at night"],
      ["selector:hourly", "the selection of this name in selectors.yml"],
    ]);
    // dbt takes it alone, or not at all.
    expect(complete("selector:hourly").map(({ text }) => text)).toEqual(["selector:hourly"]);
    expect(complete("night").map(({ text }) => text)).toEqual(["selector:nightly", "tag:nightly"]);
    expect(complete("sel").map(({ text }) => text)).toContain("selector:");
    expect(offered("sel|")).not.toContain("selector:");
  });

  test("with names, what begins so first", () => {
    expect(offered("cust|")).toEqual(["customers", "path:models/marts/customers.sql"]);
    expect(offered("ord|").slice(0, 3)).toEqual(["shop.marts.orders", "utils.orders", "stg_orders"]);
  });

  test.each([
    ["+cust|", "+customers"],
    ["cust|+", "customers+"],
    ["2+cust|+3", "2+customers+3"],
    ["@cust|", "@customers"],
    ["tag:nightly cust|", "tag:nightly customers"],
    ["tag:nightly,cust|,path:models", "tag:nightly,customers,path:models"],
    ["cu|st tag:x", "customers tag:x"],
  ])("%s stays around what is put in", (marked, expected) => {
    expect(offered(marked)[0]).toBe(expected);
  });

  test.each([
    ["tag:|", "tag:nightly"],
    ["+tag:n|+", "+tag:nightly+"],
    ["source:r|", "source:raw"],
    ["source:raw.|", "source:raw.orders"],
    ["path:models/m|", "path:models/marts"],
    ["package:u|", "package:utils"],
    ["group:|", "group:sales"],
    ["config.materialized:inc|", "config.materialized:incremental"],
    ["state:mod|", "state:modified"],
    ["test_name:|", "test_name:unique"],
    ["resource_type:mo|", "resource_type:model"],
    ["sta|", "state:"],
  ])("%s is a method's value", (marked, expected) => {
    expect(offered(marked)).toContain(expected);
  });

  test.each([
    ["customers|", "+customers", "customers+", "+customers+", "@customers"],
    ["tag:nightly 2+customers|", "tag:nightly +customers", "tag:nightly customers+"],
    ["customers+|", "+customers", "+customers+", "@customers"],
    ["tag:nightly|,stg_orders", "+tag:nightly,stg_orders", "tag:nightly+,stg_orders"],
    ["source:raw.orders|", "+source:raw.orders", "source:raw.orders+"],
  ])("%s is whole: the graph's operators go around it", (marked, ...expected) => {
    expect(offered(marked).slice(0, expected.length)).toEqual(expected);
  });

  test.each(["cust|omers", "custom|", "|customers", "customers |", "hologram:x|"])(
    "%s is not whole, or not where one types",
    (marked) => {
      expect(offered(marked).filter((each) => /[+@]\w|\w\+/.test(each))).toEqual([]);
    },
  );

  test("with nothing where nothing fits, whatever is typed", () => {
    expect(offered("hologram:x|")).toEqual([]);
    expect(offered("; rm -rf / $(|")).toEqual([]);
    expect(completeSelector(index, "abc", 99)).toEqual([]);
  });

  test("with the methods that are used most, then the project's own names, where nothing is typed yet", () => {
    const all = offered("|");
    expect(all.slice(0, 4)).toEqual(["tag:", "path:", "source:", "customers"]);
    expect(all).toContain("config.tags:");
  });
});
