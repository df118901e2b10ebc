import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { ourProcesses } from "../../probe/processes.ts";
import { api, diagnostics, hasCode, openFile, workspaceFile } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

test("an untrusted workspace starts nothing, and the status bar says why", async () => {
  assert.equal(vscode.workspace.isTrusted, false);
  await openFile("models/lint_tour/tour_structure.sql");
  await api();
  assert.match(await page.statusBarItem("Floe dbt: restricted"), /restricted/);
  assert.match(await page.statusBarLabel("Floe dbt: restricted"), /not trusted/);
  assert.deepEqual(ourProcesses(), []);
  await page.screenshot("restricted");
});

test("commands that a person runs there start nothing either", async () => {
  const shown = vscode.commands.executeCommand("floeDbt.lintFile");
  await page.waitForText("not trusted");
  assert.deepEqual(ourProcesses(), []);
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
