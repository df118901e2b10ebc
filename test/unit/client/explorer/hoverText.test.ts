import { describe, expect, test } from "vitest";
import { hoverText } from "../../../../client/explorer/hoverText.ts";
import type { NodeDetail } from "../../../../protocol/manifest.ts";

const now = Date.UTC(2026, 0, 2, 12);
const node: NodeDetail = {
  uniqueId: "model.huts.orders",
  name: "orders",
  resourceType: "model",
  packageName: "huts",
  description: "Every order.\n\nOne row each.",
  relation: "main.orders",
  materialized: "table",
  tags: ["nightly"],
  owner: "Hut operations",
  access: null,
  columns: [{ name: "order_id", type: "bigint", description: "The key", tests: ["unique", "not_null"] }],
  filePath: "/huts/models/orders.sql",
  line: 1,
  parents: [],
  children: [],
  lastRun: { status: "fail", seconds: 1.25, message: "Got 3 results", at: now - 120_000 },
  reference: "{{ ref('orders') }}",
};

describe("the hover of a node", () => {
  test("says what it is, its columns, and how the last run went", () => {
    expect(hoverText(node, now).split("\n")).toEqual([
      "**orders** model",
      "",
      "Every order\\.",
      "",
      "One row each\\.",
      "",
      "Relation: main\\.orders  ",
      "Materialized: table  ",
      "Package: huts  ",
      "Tags: nightly  ",
      "Owner: Hut operations  ",
      "Last run: fail in 1\\.3 s 2 min ago: Got 3 results",
      "",
      "Columns:",
      "- **order\\_id** (bigint, unique, not\\_null) The key",
    ]);
  });

  test("a link to a command, HTML, icons and control characters in a description are text", () => {
    const text = hoverText(
      {
        ...node,
        description: "[Click](command:workbench.action.quit) <img src=x> $(trash) \u001b[31mred\u202e",
        columns: [{ name: "`a`|b", type: null, description: "**no**\n# head", tests: [] }],
      },
      now,
    );
    expect(text).toContain("\\[Click\\]\\(command:workbench\\.action\\.quit\\) \\<img src=x\\>");
    expect(text).not.toContain("$(trash)");
    expect(text).not.toMatch(/[\u001b\u202e]/);
    expect(text).toContain("- **\\`a\\`\\|b** \\*\\*no\\*\\* \\# head");
  });

  test("of very many columns it shows the first, and says how many more there are", () => {
    const columns = Array.from({ length: 100 }, (_, index) => ({
      name: `c${index}`,
      type: null,
      description: "",
      tests: [],
    }));
    expect(hoverText({ ...node, columns }, now)).toMatch(/- \*\*c24\*\*\n- and 75 more$/);
  });
});
