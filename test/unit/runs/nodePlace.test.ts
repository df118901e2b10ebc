import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunNode } from "../../../protocol/run.ts";
import type { ProjectFolders } from "../../../server/runs/nodeFiles.ts";
import { NodePlaces } from "../../../server/runs/nodePlace.ts";

let dir: string;
beforeEach(() => void (dir = mkdtempSync(path.join(tmpdir(), "floe-places-"))));
afterEach(() => rmSync(dir, { recursive: true }));

const schema = `models:
  - name: orders
    columns:
      - name: id
        data_tests:
          - unique
          - not_null:
              name: every_order_has_an_id
`;

async function linesOf(text: string): Promise<(number | null)[]> {
  const filePath = path.join(dir, "schema.yml");
  writeFileSync(filePath, text);
  const places = new NodePlaces({ projectDir: dir, name: "shop", paths: {} } as ProjectFolders);
  const node = (name: string) =>
    ({ uniqueId: `test.shop.${name}`, name, resourceType: "test", filePath, status: "fail" }) as RunNode;
  return Promise.all(["unique_orders_id", "every_order_has_an_id"].map((name) => places.lineOf(node(name))));
}

test("a test is found where its YAML defines it", async () => {
  expect(await linesOf(schema)).toEqual([5, 6]);
});

test("a YAML file of more than a megabyte is not parsed: a name that stands there is found, no other", async () => {
  expect(await linesOf(`${schema}# ${"x".repeat(1_000_000)}\n`)).toEqual([0, 7]);
});
