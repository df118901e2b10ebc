import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { clipboard } from "../../probe/clipboard.ts";
import { page } from "../../probe/page.ts";
import { activeFile, lastRun, openFile, workspaceFile } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";
import { waitFor } from "../../probe/waiting.ts";

const view = "Project";

test(
  "the view is filled without a manifest on disk, and tells its age once Compile Project has written one",
  async () => {
    await page.statusBarItem("dbt: local");
    await vscode.commands.executeCommand("workbench.view.extension.floeDbt");
    await page.treeRow(view, "^floe_sample");
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(workspaceFile("target"), "manifest.json"),
    );
    await vscode.commands.executeCommand("floeDbt.compileProject");
    const manifest = workspaceFile("target/manifest.json").fsPath;
    await waitFor(
      "target/manifest.json",
      () => existsSync(manifest) || undefined,
      [watcher.onDidCreate, watcher.onDidChange, vscode.languages.onDidChangeDiagnostics],
      { seconds: 75 },
    );
    watcher.dispose();
    await page.treeRow(view, "^floe_sample ?dev · local · (just now|\\d+ min ago)");
    await page.treeRow(view, "^Models");
    const rows = await page.treeRows(view);
    const sections = [
      "Sources",
      "Seeds",
      "Snapshots",
      "Models",
      "Analyses",
      "Tests",
      "Exposures",
      "Macros",
      "Docs",
    ];
    assert.deepEqual(
      rows.filter((row) => /^ {2}\S/.test(row)).map((row) => row.trim().replace(/ ?\d+$/, "")),
      sections,
    );
    await page.screenshot("sections");
  },
  { seconds: 100 },
);

test("a hover says description, columns and tags as text; a screen reader hears what a row is", async () => {
  // All the height is for the rows.
  await page.togglePane("Runs");
  await page.toggleTreeRow(view, "^Models");
  await page.toggleTreeRow(view, "^marts");
  const hover = await page.treeRowHover(view, "^ice_safety");
  await page.screenshot("hover");
  assert.match(hover, /ice_safety model/);
  assert.match(hover, /Which lakes were open on which day/);
  assert.match(hover, /is_open.*not_null/);
  assert.match(await page.treeRowLabel(view, "^ice_safety"), /^model ice_safety, table/);
});

test("a click opens the definition, also one in a YAML file at its line", async () => {
  await page.clickTreeRow(view, "^ice_safety");
  await activeFile("ice_safety.sql");
  await page.toggleTreeRow(view, "^Exposures");
  await page.clickTreeRow(view, "^morning_board");
  const { document, selection } = await activeFile("marts.yml");
  assert.match(document.lineAt(selection.active.line).text, /morning_board/);
});

test("the keyboard moves through the rows and opens what they define", async () => {
  await page.clickTreeRow(view, "^ice_safety");
  await activeFile("ice_safety.sql");
  await page.press("ArrowDown");
  await page.press("Enter");
  await activeFile("orders.sql");
});

test("the menu of a row copies its name, its reference and its path, and opens it", async () => {
  const menu = await page.treeRowMenu(view, "^ice_safety");
  await page.screenshot("menu");
  for (const entry of [
    "Run Selection",
    "Test Selection",
    "Run with Full Refresh",
    "Open Definition",
    "Copy Name",
    "Copy Reference",
  ]) {
    assert.ok(menu.includes(entry), `${entry} is not among ${menu.join("; ")}`);
  }
  await page.chooseMenuEntry("Copy Reference");
  await clipboard("{{ ref('ice_safety') }}");
  await page.treeRowMenu(view, "^ice_safety");
  await page.chooseMenuEntry("Copy Name");
  await clipboard("ice_safety");
  await page.treeRowMenu(view, "^ice_safety");
  await page.chooseMenuEntry("Copy Path");
  await clipboard(workspaceFile("models/marts/ice_safety.sql").fsPath);
  await page.treeRowMenu(view, "^ice_safety");
  await page.chooseMenuEntry("Open Definition");
  await activeFile("ice_safety.sql");
});

test("several selected rows are one selection for dbt", async () => {
  await page.clickTreeRow(view, "^ice_safety");
  await activeFile("ice_safety.sql");
  await page.press("Shift+ArrowDown");
  await page.treeRowMenu(view, "^ice_safety");
  await page.screenshot("several");
  await page.openSubmenus("With Parents");
  await page.screenshot("with-parents");
  await page.chooseMenuEntry("Compile Model with Parents");
  await lastRun("dbt compile --select '+ice_safety +orders'");
  await vscode.commands.executeCommand("floeDbt.cancelRun");
});

test("parents and children open, and theirs", async () => {
  await page.toggleTreeRow(view, "^ice_safety");
  await page.toggleTreeRow(view, "^Parents");
  await page.toggleTreeRow(view, "^int_daily_ice");
  await page.treeRow(view, "^stg_ice_readings");
  await page.screenshot("relations");
  await page.toggleTreeRow(view, "^ice_safety");
});

test("a filter narrows the rows while it is typed, stays, and is cleared", async () => {
  await page.runCommand("Floe dbt: Filter Project View…");
  await page.waitForText("Enter keeps the filter");
  await page.type("lakes open");
  await page.waitForText("Filter: lakes open");
  await page.treeRow(view, "^ice_safety");
  assert.deepEqual(
    (await page.treeRows(view)).filter((row) => /daily_sales|hut_performance/.test(row)),
    [],
  );
  await page.press("Enter");
  await page.screenshot("filtered");
  await page.runCommand("Floe dbt: Change Filter of Project View…");
  await page.waitForText("Enter keeps the filter");
  await page.quickPickType("drinks");
  await page.treeRow(view, "^stg_drinks");
  await page.press("Escape");
  await page.waitForText("Filter: lakes open");
  await page.runCommand("Floe dbt: Clear Filter of Project View");
  await page.treeRow(view, "^Sources");
  // What was open before is open again.
  await page.treeRow(view, "^ice_safety");
});

test("rows are grouped by package, and the view says so", async () => {
  await page.runCommand("Floe dbt: Group Project View By…");
  await page.quickPickItems();
  await page.pickQuickPickItem("Package");
  await page.waitForText("by package");
});

test("the active file is selected, and Reveal takes the focus there", async () => {
  await openFile("models/staging/stg_drinks.sql");
  await page.treeRow(view, "^stg_drinks");
  await openFile("models/intermediate/int_order_lines.sql");
  await page.runCommand("Floe dbt: Reveal in Project View");
  await page.treeRow(view, "^int_order_lines");
  await page.screenshot("revealed");
});

test("the menu of the project's row runs it; Select Target lists the profile's targets", async () => {
  const menu = await page.treeRowMenu(view, "^floe_sample");
  await page.screenshot("project-menu");
  for (const entry of ["Run Project with dbt", "Compare Environments"]) {
    assert.ok(menu.includes(entry), `${entry} is not among ${menu.join("; ")}`);
  }
  await page.openSubmenus("Run Project with dbt");
  await page.screenshot("run-project-menu");
  await page.chooseMenuEntry("Take Snapshots");
  await lastRun("dbt snapshot");
  await vscode.commands.executeCommand("floeDbt.cancelRun");
  await page.clickTreeRowAction(view, "^floe_sample", "Refresh Project View");
  await page.treeRow(view, "^Models");
  await page.clickTreeRowAction(view, "^floe_sample", "Select Target");
  const items = await page.quickPickItems();
  assert.ok(items.includes("dev"), items.join("; "));
  await page.screenshot("targets");
  await page.press("Escape");
});
