import assert from "node:assert/strict";
import { page } from "../../probe/page.ts";
import { ourProcesses } from "../../probe/processes.ts";
import { extension, openFile } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

test("in a folder without a dbt project the extension is not even active", async () => {
  await openFile("queries/report.sql");
  // The editor has opened the file when the status bar tells its language.
  await page.statusBarItem("SQL");
  assert.equal(extension().isActive, false);
  assert.deepEqual(ourProcesses(), []);
});

test("the status bar has nothing of ours", async () => {
  const items = await page.statusBar();
  assert.deepEqual(
    items.filter((text) => text.includes("dbt")),
    [],
  );
});
