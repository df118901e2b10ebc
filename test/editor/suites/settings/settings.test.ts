import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import {
  codeOf,
  diagnostics,
  diagnosticsOf,
  hasCode,
  openFile,
  projectIn,
  replaceText,
  setSetting,
  workspaceFile,
} from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

const clean = "models/marts/ice_safety.sql";
const capitalisation = "models/lint_tour/tour_capitalisation.sql";
const untidy = "    LAKE  as lake_name,\n";

test("lint.severity changes at once how an issue is shown, and takes it away", async () => {
  const { document } = await openFile(capitalisation);
  await projectIn(["ready"], 90);
  await diagnostics(document.uri, "CP01", hasCode("CP01"));
  await setSetting("lint.severity", { "CP*": "error", "capitalisation.functions": "off" });
  const found = await diagnostics(document.uri, "errors", (all) =>
    all.some(({ severity }) => severity === vscode.DiagnosticSeverity.Error),
  );
  assert.ok(!found.some((diagnostic) => codeOf(diagnostic) === "CP03"), "CP03 is off");
  await setSetting("lint.severity", undefined);
  await diagnostics(document.uri, "CP03 as a warning", hasCode("CP03"));
});

test("lint.run onSave leaves unsaved text alone and lints it when it is saved", async () => {
  const editor = await openFile(clean);
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
  await setSetting("lint.run", "onSave");
  await replaceText(editor, "    lake,\n", untidy);
  assert.equal(await editor.document.save(), true);
  await diagnostics(editor.document.uri, "LT01", hasCode("LT01"));
  await replaceText(editor, untidy, "    lake,\n");
  assert.equal(await editor.document.save(), true);
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
});

test("lint.run manual lints when asked, and only then", async () => {
  await setSetting("lint.run", "manual");
  const editor = await openFile(clean);
  await replaceText(editor, "    lake,\n", untidy);
  assert.equal(await editor.document.save(), true);
  await page.runCommand("Floe dbt: Lint File");
  await diagnostics(editor.document.uri, "LT01", hasCode("LT01"));
  await setSetting("lint.run", undefined);
  await replaceText(editor, untidy, "    lake,\n");
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
  assert.equal(await editor.document.save(), true);
});

test("lint.scope project lints what was never opened", async () => {
  const never = workspaceFile("models/lint_tour/tour_convention.sql");
  assert.deepEqual(diagnosticsOf(never), []);
  await setSetting("lint.scope", "project");
  await diagnostics(never, "CV02", hasCode("CV02"));
  await setSetting("lint.scope", undefined);
});
