import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { diagnostics, hasCode, openFile, projectIn, setSetting, workspaceFile } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

const structure = "models/lint_tour/tour_structure.sql";

/** Runs a test with a setting, which is taken back after it; then the project must get ready again. */
async function withSetting(name: string, value: unknown, body: () => Promise<void>): Promise<void> {
  await setSetting(name, value);
  try {
    await body();
  } finally {
    await setSetting(name, undefined);
  }
  await projectIn(["ready"], 90);
}

test("a broken .sqlfluff: the status says so, and mending the file is all it takes", async () => {
  const editor = await openFile(structure);
  await projectIn(["ready"], 90);
  await diagnostics(editor.document.uri, "ST03", hasCode("ST03"));
  const file = workspaceFile(".sqlfluff").fsPath;
  const before = readFileSync(file, "utf8");
  try {
    writeFileSync(file, before.replace("[sqlfluff]", "[sqlfluff"));
    const { reason } = await projectIn(["failed"]);
    assert.match(reason ?? "", /\.sqlfluff/);
    assert.match(await page.statusBarTooltip("dbt: local"), /no section headers/);
    await page.screenshot("sqlfluff");
  } finally {
    writeFileSync(file, before);
  }
  await projectIn(["ready"]);
  await diagnostics(editor.document.uri, "ST03", hasCode("ST03"));
});

test("a target that profiles.yml does not have: an error in dbt_project.yml, and it lints on", async () => {
  const editor = await openFile(structure);
  await withSetting("target", "produktion", async () => {
    const { reason, remedy } = await projectIn(["degraded"]);
    assert.match(reason ?? "", /produktion/);
    assert.ok(remedy, "there is something to do about it");
    assert.match(await page.statusBarTooltip("dbt: local"), /produktion/);
    await page.runCommand("Floe dbt: Show Menu");
    const [first] = await page.quickPickItems();
    assert.equal(first, remedy.title);
    await page.screenshot("target");
    await page.press("Escape");
    await vscode.commands.executeCommand("floeDbt.showDoctor");
    await page.waitForText("Facts");
    await page.screenshot("target-doctor");
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
    await diagnostics(editor.document.uri, "ST03", hasCode("ST03"));
  });
});

test("a Python that is not there: it is named, and its setting is one click away", async () => {
  await openFile(structure);
  await withSetting("python.path", "/nowhere/bin/python", async () => {
    const { reason } = await projectIn(["failed"]);
    assert.equal(reason, "The Python of setting floeDbt.python.path, /nowhere/bin/python, does not exist.");
    await page.runCommand("Floe dbt: Lint File");
    const { message, buttons } = await page.notification("nowhere");
    assert.equal(message, reason);
    assert.deepEqual(buttons, ["Open Settings"]);
    await page.screenshot("python");
    await page.clickButton("Open Settings");
    await page.waitForText("Python that has dbt and SQLFluff");
    await page.screenshot("python-setting");
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
  });
});
