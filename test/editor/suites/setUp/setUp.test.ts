import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { diagnostics, hasCode, openFile, projectIn, workspaceFile } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

test(
  "a project without an environment gets one from the Doctor, and is linted with it",
  async () => {
    const { document } = await openFile("models/lint_tour/tour_structure.sql");
    const failed = await projectIn(["failed", "degraded"]);
    assert.equal(failed.remedy?.command, "floeDbt.setUpEnvironment");
    await vscode.commands.executeCommand("workbench.view.extension.floeDbt");
    await page.waitForText("dbt cannot run here yet");
    await page.screenshot("before");
    await vscode.commands.executeCommand("floeDbt.showDoctor");
    await page.waitForText("not installed");
    await page.screenshot("doctor");
    await page.clickWebviewLink("Set Up Environment");
    await page.waitForText("Setting up an environment");
    await page.screenshot("progress");
    await projectIn(["ready"], 200);
    assert.ok(existsSync(workspaceFile(".venv").fsPath));
    await diagnostics(document.uri, "ST03", hasCode("ST03"));
    // It may have been said a while ago, and a toast goes by itself.
    await vscode.commands.executeCommand("notifications.showList");
    await page.notification("now uses");
    await page.screenshot("after");
  },
  { seconds: 280 },
);
