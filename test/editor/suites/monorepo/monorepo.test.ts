import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { api, diagnostics, hasCode, openFile, workspaceFile } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";
import { waitFor } from "../../probe/waiting.ts";

test("both projects are found, each with its name in the status bar of its files", async () => {
  const product = await api();
  await waitFor("two projects", () => (product.projects.length === 2 ? true : undefined), [
    product.onDidChangeProjects,
  ]);
  await openFile("cafe/models/menu.sql");
  const cafe = workspaceFile("cafe/models/menu.sql");
  await diagnostics(cafe, "CP01", hasCode("CP01"), 90);
  assert.match(await page.statusBarTooltip("dbt: local"), /dbt: cafe/);
  await openFile("huts/models/lint_tour/tour_structure.sql");
  await diagnostics(workspaceFile("huts/models/lint_tour/tour_structure.sql"), "ST03", hasCode("ST03"), 90);
  assert.match(await page.statusBarTooltip("dbt: local"), /dbt: floe_sample/);
});

test("Lint Project asks which, offers the active file's first, and the last pick the next time", async () => {
  await openFile("huts/models/lint_tour/tour_structure.sql");
  await page.runCommand("Floe dbt: Lint Project");
  assert.deepEqual(await page.quickPickItems(), ["floe_sample", "cafe"]);
  await page.screenshot("which-project");
  await page.pickQuickPickItem("cafe");
  const { message } = await page.notification("in 1 file");
  assert.match(message, /^\d+ warnings? in 1 file\.$/);
  await vscode.commands.executeCommand("notifications.clearAll");
  await page.runCommand("Floe dbt: Lint Project");
  assert.deepEqual(await page.quickPickItems(), ["cafe", "floe_sample"]);
  await page.press("Escape");
});

test("a run asks which project as well, and its row says of which it is", async () => {
  void vscode.commands.executeCommand("floeDbt.compileProject");
  assert.deepEqual(await page.quickPickItems(), ["cafe", "floe_sample"]);
  await page.pickQuickPickItem("cafe");
  await vscode.commands.executeCommand("floeDbt.showRuns");
  assert.match(await page.treeRowSaying("Runs", "^Compile whole project.*, passed"), /cafe/);
  await page.screenshot("run");
});

test("the Doctor tells of both", async () => {
  await page.runCommand("Floe dbt: Doctor");
  await page.waitForText("cafe");
  await page.waitForText("floe_sample");
  await page.screenshot("doctor");
});
