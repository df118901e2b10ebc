import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { ourProcesses } from "../../probe/processes.ts";
import { api, diagnostics, hasCode, openFile, workspaceFile } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

/** Nothing of dbt or Python: what there is, is our own language server, which reads files. */
function onlyOurServer(): void {
  const others = ourProcesses().filter(({ command }) => !command.includes("dist/server.js"));
  assert.deepEqual(others, []);
}

test("an untrusted workspace starts nothing of dbt, and the status bar says why", async () => {
  assert.equal(vscode.workspace.isTrusted, false);
  await openFile("models/lint_tour/tour_structure.sql");
  await api();
  assert.match(await page.statusBarItem("Floe dbt: restricted"), /restricted/);
  assert.match(await page.statusBarLabel("Floe dbt: restricted"), /not trusted/);
  onlyOurServer();
  await page.screenshot("restricted");
});

test("the Project view shows the manifest that lies there, and says that nothing runs", async () => {
  await vscode.commands.executeCommand("workbench.view.extension.floeDbt");
  assert.match(await page.treeRow("Project", "^floe_sample"), /stale, .* ago/);
  assert.match(await page.viewText("Project"), /Not trusted/);
  await page.toggleTreeRow("Project", "^Models");
  await page.toggleTreeRow("Project", "^marts");
  await page.treeRow("Project", "^ice_safety");
  await page.screenshot("project");
  const menu = await page.treeRowMenu("Project", "^ice_safety");
  assert.ok(menu.includes("Copy Name"), menu.join("; "));
  assert.deepEqual(
    menu.filter((entry) => /^(Run|Build|Test|Compile)/.test(entry)),
    [],
  );
  await page.press("Escape");
  onlyOurServer();
});

test("commands that a person runs there start nothing either", async () => {
  const shown = vscode.commands.executeCommand("floeDbt.lintFile");
  await page.waitForText("not trusted");
  onlyOurServer();
  await vscode.commands.executeCommand("notifications.clearAll");
  await shown;
});

test("granting trust starts it in the same window", async () => {
  await vscode.commands.executeCommand("workbench.trust.manage");
  await page.clickButton("Trust");
  const file = workspaceFile("models/lint_tour/tour_structure.sql");
  await diagnostics(file, "ST03", hasCode("ST03"), 50);
  await page.screenshot("trusted");
});
