import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { clipboard } from "../../probe/clipboard.ts";
import { page } from "../../probe/page.ts";
import { ourProcesses } from "../../probe/processes.ts";
import {
  codeOf,
  diagnostics,
  diagnosticsOf,
  extension,
  hasCode,
  openFile,
  placeCursor,
  projectIn,
  replaceText,
  setSetting,
} from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";
import { waitFor } from "../../probe/waiting.ts";

const layout = "models/lint_tour/tour_layout.sql";
const aliasing = "models/lint_tour/tour_aliasing.sql";
const clean = "models/marts/ice_safety.sql";

function settingCount(): number {
  const { contributes } = extension().packageJSON as {
    contributes: { configuration: { properties: Record<string, unknown> } };
  };
  return Object.keys(contributes.configuration.properties).length;
}

test("the light bulb's menu: this issue first, then the rule, the file, noqa, exclude, and the page", async () => {
  const editor = await openFile(layout);
  await projectIn(["ready"], 90);
  const found = await diagnostics(editor.document.uri, "LT02", hasCode("LT02"));
  const indent = found.find((diagnostic) => codeOf(diagnostic) === "LT02");
  assert.ok(indent);
  placeCursor(editor, indent.range.start);
  // While the window opens, other parts of it still take the focus.
  await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  await page.waitForSquiggle();
  const menu = await page.codeActionMenu();
  await page.screenshot("light-bulb");
  const places = [
    /^Fix this LT02: /,
    /^Fix all LT02 in this file$/,
    /^Fix all SQLFluff issues in this file$/,
    /^Disable LT02 for this line$/,
    /^Exclude rule LT02 in \.sqlfluff$/,
    /^Open the page of LT02$/,
  ].map((title) => menu.findIndex((entry) => title.test(entry)));
  assert.ok(!places.includes(-1), menu.join("; "));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    menu.join("; "),
  );
  await page.chooseCodeAction("Fix all LT02 in this file");
  await diagnostics(editor.document.uri, "no LT02", (all) => all.length > 0 && !hasCode("LT02")(all));
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("a hover on a squiggle says the rule, its code, and offers the fix", async () => {
  const editor = await openFile(aliasing);
  const found = await diagnostics(editor.document.uri, "AL02", hasCode("AL02"));
  const alias = found.find((diagnostic) => codeOf(diagnostic) === "AL02");
  assert.ok(alias);
  placeCursor(editor, alias.range.start);
  await vscode.commands.executeCommand("editor.action.showHover");
  const text = await page.hoverText("AL02");
  await page.screenshot("hover");
  assert.match(text, /aliasing of columns.*sqlfluff.*AL02/);
  await page.waitForText("Quick Fix...");
  await page.press("Escape");

  await page.runCommand("Floe dbt: Open Page of This Rule");
  // The editor asks before it opens a website.
  await page.waitForText("https://docs.sqlfluff.com/");
  await page.screenshot("rule-page");
  await page.clickButton("Cancel");
});

test("the status bar's tooltip says which environment and why, the versions, and where Python is", async () => {
  const text = await page.statusBarTooltip("dbt: local");
  await page.screenshot("tooltip");
  assert.match(text, /floe_sample/);
  assert.match(text, /Environment: local \(manifest\.yaml, line \d+\)/);
  assert.match(text, /Target: dev/);
  assert.match(text, /dbt-core 1\.11\.16/);
  assert.match(text, /sqlfluff 4\.4\.0/i);
});

test("Format Document by keyboard", async () => {
  const editor = await openFile(layout);
  await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  await diagnostics(editor.document.uri, "LT02", hasCode("LT02"));
  await page.press("Control+Shift+I");
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
  assert.match(editor.document.getText(), /\n {4}hut_id,\n {4}hut_name,/);
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("Fix File mends the file, and says so where there is nothing to mend", async () => {
  const editor = await openFile(layout);
  await diagnostics(editor.document.uri, "LT02", hasCode("LT02"));
  await page.runCommand("Floe dbt: Fix File");
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
  await page.runCommand("Floe dbt: Fix File");
  const { message } = await page.notification("Nothing");
  assert.equal(message, "Nothing was changed: nothing to fix.");
  await vscode.commands.executeCommand("notifications.clearAll");
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("Lint File says what it found", async () => {
  await openFile(aliasing);
  await page.runCommand("Floe dbt: Lint File");
  assert.match(await page.statusBarItem("in 1 file"), /^4 warnings in 1 file\.$/);
});

test("the menu of the status bar has everything one can do, and opens it", async () => {
  await page.clickStatusBarItem("dbt: local");
  const items = await page.quickPickItems();
  await page.screenshot("menu");
  assert.deepEqual(items, [
    "Doctor",
    "Build Project",
    "Run a Selection…",
    "Select Target…",
    "Select Environment…",
    "Compare Environments",
    "Lint Project",
    "Fix Project…",
    "Set Up Environment",
    "Select Python…",
    "Restart",
    "Show Log",
    "Open Settings",
  ]);
  await page.pickQuickPickItem("Open Settings");
  await page.waitForText(`${settingCount()} Settings Found`);
  await page.screenshot("settings");
  await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
});

test("Show Log opens our own channel", async () => {
  await page.runCommand("Floe dbt: Show Log");
  assert.equal(await page.outputChannel(), "Floe dbt");
  await vscode.commands.executeCommand("workbench.action.closePanel");
});

test("the Doctor's report is copied as Markdown", async () => {
  await page.runCommand("Floe dbt: Doctor");
  await page.waitForText("No problems found.");
  await page.screenshot("doctor");
  await page.clickWebviewLink("Copy report");
  await page.notification("The report is in the clipboard");
  const report = await vscode.env.clipboard.readText();
  assert.match(report, /^# Floe dbt: Doctor\n/);
  await vscode.env.clipboard.writeText("");
  await page.clickTitleAction("Copy Report");
  assert.equal(await clipboard(/^# Floe dbt: Doctor\n/), report);
  await page.clickTitleAction("Refresh");
  await page.waitForText("No problems found.");
  assert.match(report, /## floe_sample/);
  assert.match(report, /dbt-core.*1\.11\.16/);
  await vscode.commands.executeCommand("notifications.clearAll");
  await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
});

test("Select Python lists what was found, and writes the path of the chosen one", async () => {
  await page.runCommand("Floe dbt: Select Python");
  await page.waitForText("Find by Itself");
  await page.screenshot("select-python");
  await page.pickQuickPickItem("in use");
  const written = (): string | undefined =>
    vscode.workspace.getConfiguration("floeDbt").inspect<string>("python.path")?.workspaceValue;
  const python = await waitFor("the setting", written, [vscode.workspace.onDidChangeConfiguration]);
  assert.ok(existsSync(python), python);
  await setSetting("python.path", undefined);
  await projectIn(["ready"]);
});

test("a language server that is killed comes back, with its diagnostics", async () => {
  const editor = await openFile(clean);
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
  const [server, ...others] = ourProcesses().filter(({ command }) => command.includes("dist/server.js"));
  assert.ok(server && others.length === 0, JSON.stringify(ourProcesses()));
  process.kill(server.pid, "SIGKILL");
  // Typed on while it is dead: what cannot be written to it is no reason to give up.
  await replaceText(editor, "    lake,\n", "    LAKE,\n");
  await replaceText(editor, "    LAKE,\n", "    LAKE  as lake,\n");
  await replaceText(editor, "    LAKE  as lake,\n", "    LAKE  as lake_name,\n");
  await diagnostics(editor.document.uri, "LT01", hasCode("LT01"));
  const [next] = ourProcesses().filter(({ command }) => command.includes("dist/server.js"));
  assert.ok(next && next.pid !== server.pid);
  await projectIn(["ready"]);
  await page.screenshot("after-crash");
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("Restart starts it all afresh, and what was shown is shown again", async () => {
  const editor = await openFile(aliasing);
  await diagnostics(editor.document.uri, "AL02", hasCode("AL02"));
  const before = ourProcesses().map(({ pid }) => pid);
  await vscode.commands.executeCommand("floeDbt.restartServer");
  await diagnostics(editor.document.uri, "AL02", hasCode("AL02"));
  await projectIn(["ready"]);
  assert.deepEqual(
    ourProcesses().filter(({ pid }) => before.includes(pid)),
    [],
  );
  assert.equal(diagnosticsOf(editor.document.uri).length, 4);
});
