import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import {
  codeOf,
  diagnosticsOf,
  diagnostics,
  hasCode,
  openFile,
  projectIn,
  workspaceFile,
} from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

const tour = [
  "aliasing",
  "ambiguous",
  "capitalisation",
  "convention",
  "jinja",
  "layout",
  "references",
  "structure",
];
const tourFile = (kind: string): string => `models/lint_tour/tour_${kind}.sql`;

test("Lint Project finds the issues of files that were never opened", async () => {
  await openFile("models/marts/orders.sql");
  await projectIn(["ready"], 90);
  void vscode.commands.executeCommand("floeDbt.lintProject");
  for (const kind of tour) {
    await diagnostics(workspaceFile(tourFile(kind)), `issues of ${kind}`, (all) => all.length > 0);
  }
  assert.deepEqual(diagnosticsOf(workspaceFile("models/marts/orders.sql")).map(codeOf), []);
  await vscode.commands.executeCommand("workbench.actions.view.problems");
  await page.waitForText("tour_aliasing.sql");
  await page.screenshot("problems");
  await vscode.commands.executeCommand("notifications.clearAll");
});

test("the Doctor shows versions and where Python was found", async () => {
  await vscode.commands.executeCommand("floeDbt.showDoctor");
  await page.waitForText("1.11.16");
  await page.waitForText("4.4.0");
  await page.waitForText("floe_sample");
  await page.screenshot("doctor");
  await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
});

test("Fix Project shows the refactor preview, changes nothing before, and everything after Apply", async () => {
  const file = workspaceFile(tourFile("capitalisation"));
  const before = Buffer.from(await vscode.workspace.fs.readFile(file)).toString();
  const fixing = vscode.commands.executeCommand("floeDbt.fixProject");
  await page.waitForText("Refactor Preview");
  assert.equal(Buffer.from(await vscode.workspace.fs.readFile(file)).toString(), before);
  const rows = await page.refactorPreviewRows();
  assert.match(rows[0] ?? "", /tour_aliasing\.sql/, "only fixes are listed");
  await page.screenshot("refactor-preview");
  await page.clickButton("Apply");
  await page.waitForText("Fixed ");
  await diagnostics(file, "no CP01", (all) => !hasCode("CP01")(all));
  const { document } = await openFile(tourFile("capitalisation"));
  assert.match(document.getText(), /\nselect\n {4}hut_id,\n {4}upper\(hut_name\)/);
  await vscode.commands.executeCommand("notifications.clearAll");
  await fixing;
});
