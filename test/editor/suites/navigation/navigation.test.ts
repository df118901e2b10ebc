import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { activeFile, openFile, placeCursor, projectIn, replaceText } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

const model = "models/marts/ice_safety.sql";

async function cursorIn(text: string): Promise<vscode.TextEditor> {
  const editor = await openFile(model);
  const at = editor.document.getText().indexOf(text);
  placeCursor(editor, editor.document.positionAt(at + Math.floor(text.length / 2)));
  await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  return editor;
}

test(
  "F12 on a ref goes to the model, and on a macro to where it is defined",
  async () => {
    await openFile(model);
    await projectIn(["ready"], 90);
    // What the server knows of the project is what the Project view shows.
    await vscode.commands.executeCommand("workbench.view.extension.floeDbt");
    await page.treeRow("Project", "^Models");
    await cursorIn("int_daily_ice");
    await page.press("F12");
    await activeFile("int_daily_ice.sql");
    await cursorIn("is_safe_ice");
    await page.press("F12");
    await activeFile("ice.sql");
  },
  { seconds: 120 },
);

test("a hover on a ref says what the model is, as text", async () => {
  await cursorIn("int_daily_ice");
  await vscode.commands.executeCommand("editor.action.showHover");
  const text = await page.hoverText("Thinnest and thickest ice");
  await page.screenshot("hover");
  assert.match(text, /int_daily_ice/);
  await page.press("Escape");
});

test("inside ref('') the names of models and seeds are offered", async () => {
  const editor = await openFile(model);
  await replaceText(editor, "ref('int_daily_ice')", "ref('')");
  const at = editor.document.getText().indexOf("ref('')") + "ref('".length;
  placeCursor(editor, editor.document.positionAt(at));
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    "vscode.executeCompletionItemProvider",
    editor.document.uri,
    editor.selection.active,
  );
  const labels = list.items.map(({ label }) => (typeof label === "string" ? label : label.label));
  for (const name of ["int_daily_ice", "stg_orders", "huts"]) {
    assert.ok(labels.includes(name), `${name} is not among ${labels.slice(0, 30).join(", ")}`);
  }
  await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  await vscode.commands.executeCommand("editor.action.triggerSuggest");
  await page.waitForText("int_daily_ice");
  await page.screenshot("completion");
  await page.press("Escape");
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("Go to Symbol in Workspace finds a model by its name", async () => {
  const found = await vscode.commands.executeCommand<vscode.SymbolInformation[]>(
    "vscode.executeWorkspaceSymbolProvider",
    "hut_perf",
  );
  assert.ok(
    found.some(({ name }) => name === "hut_performance"),
    JSON.stringify(found.map(({ name }) => name)),
  );
});
