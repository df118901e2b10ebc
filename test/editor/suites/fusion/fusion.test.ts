import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import {
  api,
  codeOf,
  diagnostics,
  hasCode,
  onDisk,
  openFile,
  projectIn,
  replaceText,
} from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";
import { waitFor } from "../../probe/waiting.ts";

/** Waits until the project is on a runtime and works there. */
async function projectOn(runtime: string): Promise<void> {
  const product = await api();
  await waitFor(
    `a project on ${runtime}`,
    () => product.projects.find((each) => each.runtime === runtime && each.state === "ready"),
    [product.onDidChangeProjects],
    { seconds: 90, describe: () => product.projects },
  );
}

const model = "models/staging/stg_orders.sql";

test("manifest.yaml puts the project on the v2 engine, which finds a mistake as it is typed", async () => {
  const editor = await openFile(model);
  const status = await projectIn(["ready"], 90);
  assert.equal(status.runtime, "fusion");
  assert.match(status.runtimeReason, /^manifest.yaml, line 3/);
  const before = editor.document.getText();
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "-- {{ ref('nowhere') }}\n"));
  const found = await diagnostics(editor.document.uri, "dbt1048", hasCode("dbt1048"));
  const mistake = found.find((each) => codeOf(each) === "dbt1048");
  assert.equal(mistake?.range.start.line, 0);
  assert.match(mistake.message, /'nowhere' not found/);
  await page.screenshot("diagnostic");
  await replaceText(editor, "-- {{ ref('nowhere') }}\n", "");
  assert.equal(editor.document.getText(), before);
  await diagnostics(editor.document.uri, "no mistake of dbt", (all) => !hasCode("dbt1048")(all));
});

test("a model is run by it, and the Runs view says so", async () => {
  await openFile(model);
  await vscode.commands.executeCommand("floeDbt.showRuns");
  await page.runCommand("Floe dbt: Run Model");
  await page.treeRowSaying("Runs", "^model stg_orders, passed");
  assert.match(await page.treeRowSaying("Runs", "^Run stg_orders, passed"), /dev · fusion/);
  await page.screenshot("run");
});

test("the environments are compared, the verdict first", async () => {
  await page.runCommand("Floe dbt: Compare Environments");
  await page.quickPickItems();
  await page.pickQuickPickItem("Local");
  await page.waitForText("in Fusion");
  await page.screenshot("comparison");
});

test("switching back is written into manifest.yaml, whose comments stay", async () => {
  const before = onDisk("manifest.yaml");
  await openFile(model);
  await page.runCommand("Floe dbt: Select Environment…");
  await page.quickPickItems();
  await page.pickQuickPickItem("Local, in manifest.yaml");
  await projectOn("local");
  assert.equal(onDisk("manifest.yaml"), before.replace("dbt_runtime: fusion", "dbt_runtime: local"));
});
