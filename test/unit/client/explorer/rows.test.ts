import { describe, expect, test } from "vitest";
import { rowIcon, rowLabel, statusWord } from "../../../../client/explorer/rowIcon.ts";
import { entriesOf, projectEntry, withDescendants } from "../../../../client/explorer/treeEntry.ts";
import { nodeStatuses } from "../../../../protocol/run.ts";
import { resourceTypes, type TreeRow } from "../../../../protocol/manifest.ts";

const row = (facts: Partial<TreeRow>): TreeRow => ({
  key: "model.huts.orders",
  label: "orders",
  description: "table",
  kind: "node",
  resourceType: "model",
  uniqueId: "model.huts.orders",
  status: null,
  expandable: true,
  filePath: null,
  line: null,
  can: "runnable",
  selector: "orders",
  ...facts,
});

describe("a row", () => {
  test("every type and every status has an icon, and trouble a shape of its own", () => {
    for (const resourceType of resourceTypes) {
      expect(rowIcon(row({ resourceType }), null).name).toMatch(/^[a-z-]+$/);
    }
    const plain = rowIcon(row({}), null).name;
    for (const status of nodeStatuses) {
      expect(rowIcon(row({}), status).name === plain, status).toBe(status === "success");
    }
  });

  test("what stands above the neighbours of a node looks like what is below it", () => {
    const heading = { kind: "relation", resourceType: null, uniqueId: null } as const;
    const names = ["Parents", "Children", "Tests", "Columns"].map(
      (label) => rowIcon(row({ ...heading, label }), null).name,
    );
    expect(names).toEqual(["type-hierarchy-super", "type-hierarchy-sub", "beaker", "symbol-field"]);
  });

  test("trouble is said in words, too; what went well says nothing", () => {
    expect(nodeStatuses.map(statusWord)).toEqual([
      "queued",
      "running",
      "",
      "warned",
      "failed",
      "error",
      "skipped",
      "cancelled",
    ]);
  });

  test("a screen reader hears what it is, and how the last run went", () => {
    expect(rowLabel(row({ resourceType: "unit_test" }), "fail")).toBe(
      "unit test orders, table, last run: fail",
    );
    expect(rowLabel(row({ kind: "folder", uniqueId: null, label: "marts", description: "" }), null)).toBe(
      "marts",
    );
  });
});

describe("entries", () => {
  test("an entry of the same key stays the same object, with what was read below it", () => {
    const project = projectEntry("/huts", false);
    project.children = entriesOf(project, [row({}), row({ key: "b", label: "b" })]);
    const [orders] = project.children;
    orders!.children = entriesOf(orders!, [row({ key: "parents" })]);
    project.children = entriesOf(project, [row({ label: "orders!", selector: null })]);
    expect(project.children[0]).toBe(orders);
    expect(orders).toMatchObject({ selector: null, row: { label: "orders!" }, parent: project });
    expect([...withDescendants(project)]).toHaveLength(3);
  });
});
