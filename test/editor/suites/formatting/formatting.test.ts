import assert from "node:assert/strict";
import * as vscode from "vscode";
import { diagnostics, hasCode, openFile, projectIn } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

const layout = "models/lint_tour/tour_layout.sql";

test("Format Document gives SQLFluff's layout and changes nothing else", async () => {
  const editor = await openFile(layout);
  await projectIn(["ready", "degraded"], 90);
  await diagnostics(editor.document.uri, "LT02", hasCode("LT02"));
  await vscode.commands.executeCommand("editor.action.formatDocument");
  assert.equal(
    editor.document.getText(),
    [
      "-- Layout: spaces, indentation and commas. The formatter mends all of it.",
      "select",
      "    hut_id,",
      "    hut_name,",
      "    seats + 1 as seats_with_stool,",
      "    lake",
      "from {{ ref('stg_huts') }}",
      "",
    ].join("\n"),
  );
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
});

test("one undo gives the text back", async () => {
  const editor = await openFile(layout);
  await vscode.commands.executeCommand("undo");
  assert.match(editor.document.getText(), /seats\+1/);
  await diagnostics(editor.document.uri, "LT02", hasCode("LT02"));
});

test("Format Selection leaves the lines outside alone", async () => {
  const editor = await openFile(layout);
  const line = editor.document
    .getText()
    .split("\n")
    .findIndex((text) => text.includes("seats+1"));
  editor.selection = new vscode.Selection(line, 0, line, editor.document.lineAt(line).text.length);
  await vscode.commands.executeCommand("editor.action.formatSelection");
  const text = editor.document.getText();
  assert.match(text, /seats \+ 1 as seats_with_stool/);
  assert.match(text, /\n {6}hut_name,/);
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("a file that does not parse is left as it is", async () => {
  const editor = await openFile(layout);
  await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), "{% if %}\n"));
  const before = editor.document.getText();
  await vscode.commands.executeCommand("editor.action.formatDocument");
  assert.equal(editor.document.getText(), before);
  await vscode.commands.executeCommand("workbench.action.files.revert");
});
