import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { ourProcesses } from "../../probe/processes.ts";
import {
  applyAction,
  codeActions,
  codeOf,
  diagnostics,
  diagnosticsOf,
  hasCode,
  onDisk,
  openFile,
  projectIn,
  replaceText,
  workspaceFile,
} from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

const structure = "models/lint_tour/tour_structure.sql";
const clean = "models/marts/ice_safety.sql";

test("issues of an opened model are underlined, with a link to the rule", async () => {
  const { document } = await openFile(structure);
  const found = await diagnostics(document.uri, "ST03, ST01 and ST02", (all) => all.length >= 3, 90);
  assert.deepEqual(found.map(codeOf).sort(), ["ST01", "ST02", "ST03"]);
  const unused = found.find((diagnostic) => codeOf(diagnostic) === "ST03");
  assert.ok(unused);
  assert.equal(unused.source, "sqlfluff");
  assert.equal(unused.severity, vscode.DiagnosticSeverity.Warning);
  assert.equal(document.getText(unused.range), "unused_menu");
  const { code } = unused;
  assert.ok(
    typeof code === "object" && code.target.toString().includes("sqlfluff.com"),
    JSON.stringify(code),
  );
  const { warning } = await page.squiggles();
  assert.ok(warning >= 3, `${warning} squiggles`);
});

test("the status bar names the environment, and the project is ready", async () => {
  const project = await projectIn(["ready"]);
  assert.equal(project.projectName, "floe_sample");
  assert.equal(project.runtime, "local");
  assert.match(await page.statusBarItem("dbt: local"), /local.*dev/);
  const label = await page.statusBarLabel("dbt: local");
  assert.match(label, /floe_sample/);
});

test("screenshots: light, dark, high contrast", async () => {
  await openFile(structure);
  await diagnostics(workspaceFile(structure), "three issues", (all) => all.length === 3);
  await vscode.commands.executeCommand("workbench.actions.view.problems");
  const workbench = vscode.workspace.getConfiguration("workbench");
  for (const [name, theme] of [
    ["light", "Default Light Modern"],
    ["high-contrast", "Default High Contrast"],
    ["dark", "Default Dark Modern"],
  ] as const) {
    await workbench.update("colorTheme", theme, vscode.ConfigurationTarget.Global);
    await page.waitForText("ST03");
    await page.screenshot(name);
  }
});

test("an issue typed into unsaved text appears, and undo takes it away", async () => {
  const editor = await openFile(clean);
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
  await replaceText(editor, "    lake,\n", "    LAKE  as lake_name,\n");
  const found = await diagnostics(editor.document.uri, "LT01", hasCode("LT01"));
  assert.ok(found.some((diagnostic) => diagnostic.range.start.line === 1));
  assert.equal(editor.document.isDirty, true);
  await vscode.commands.executeCommand("undo");
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
  assert.equal(editor.document.getText(), onDisk(clean));
});

test("a mistake in Jinja is an error at its line, from dbt's own rendering", async () => {
  const editor = await openFile(clean);
  await replaceText(editor, "ref('int_daily_ice')", "ref('no_such_model')");
  const found = await diagnostics(editor.document.uri, "an error", (all) =>
    all.some(({ severity }) => severity === vscode.DiagnosticSeverity.Error),
  );
  assert.match(found.map(({ message }) => message).join("\n"), /no_such_model/);
  await vscode.commands.executeCommand("undo");
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
});

test("a quick fix mends one issue and leaves the others", async () => {
  const editor = await openFile(structure);
  const before = await diagnostics(editor.document.uri, "three issues", (all) => all.length === 3);
  const elseNull = before.find((diagnostic) => codeOf(diagnostic) === "ST01");
  assert.ok(elseNull);
  const actions = await codeActions(editor.document.uri, elseNull.range, vscode.CodeActionKind.QuickFix);
  const fix = actions.find(({ title }) => title.startsWith("Fix this ST01"));
  assert.ok(fix, `no fix among: ${actions.map(({ title }) => title).join("; ")}`);
  await applyAction(fix);
  const after = await diagnostics(editor.document.uri, "two issues", (all) => !hasCode("ST01")(all));
  assert.deepEqual(after.map(codeOf).sort(), ["ST02", "ST03"]);
  assert.match(editor.document.getText(), /then 'large' end as size_class/);
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("an issue can be silenced with noqa", async () => {
  const editor = await openFile(structure);
  const [first] = await diagnostics(editor.document.uri, "three issues", (all) => all.length === 3);
  assert.ok(first);
  const actions = await codeActions(editor.document.uri, first.range);
  const silence = actions.find(({ title }) => title === "Disable ST03 for this line");
  assert.ok(silence, `no noqa among: ${actions.map(({ title }) => title).join("; ")}`);
  await applyAction(silence);
  await diagnostics(editor.document.uri, "no ST03", (all) => all.length > 0 && !hasCode("ST03")(all));
  assert.match(editor.document.getText(), /unused_menu as \( *-- noqa: ST03/);
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("source.fixAll mends on save what SQLFluff can mend", async () => {
  const file = "models/lint_tour/tour_capitalisation.sql";
  const onSave = async (actions: Record<string, string> | undefined): Promise<void> =>
    vscode.workspace
      .getConfiguration("editor", { languageId: "sql" })
      .update("codeActionsOnSave", actions, vscode.ConfigurationTarget.Global, true);
  await onSave({ "source.fixAll.floeDbt": "explicit" });
  const editor = await openFile(file);
  await diagnostics(editor.document.uri, "CP01", hasCode("CP01"));
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "-- touched\n"));
  await diagnostics(editor.document.uri, "CP01 in the new text", hasCode("CP01"));
  assert.equal(await editor.document.save(), true);
  assert.match(onDisk(file), /^-- touched\n-- Capitalisation.*\nselect\n {4}hut_id,\n {4}upper\(hut_name\)/);
  await diagnostics(editor.document.uri, "nothing left to mend", (all) => all.length === 0);
  await onSave(undefined);
});

test("issues survive closing their file", async () => {
  const uri = workspaceFile("models/lint_tour/tour_convention.sql");
  await openFile("models/lint_tour/tour_convention.sql");
  const before = await diagnostics(uri, "CV02", hasCode("CV02"));
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  assert.deepEqual(diagnosticsOf(uri).map(codeOf), before.map(codeOf));
});

test("issues of a deleted file go", async () => {
  const file = "models/lint_tour/tour_jinja.sql";
  const { document } = await openFile(file);
  await diagnostics(document.uri, "JJ01", hasCode("JJ01"));
  await vscode.workspace.fs.delete(workspaceFile(file));
  await diagnostics(workspaceFile(file), "nothing", (all) => all.length === 0);
});

test("a worker that is killed costs nothing but one answer", async () => {
  const editor = await openFile(clean);
  await diagnostics(editor.document.uri, "no issue", (all) => all.length === 0);
  const workers = ourProcesses().filter(({ command }) => command.includes("floe_dbt_worker"));
  assert.ok(workers.length >= 1 && workers.length <= 2, JSON.stringify(ourProcesses()));
  for (const { pid } of workers) process.kill(pid, "SIGKILL");
  await replaceText(editor, "    lake,\n", "    LAKE  as lake_name,\n");
  await diagnostics(editor.document.uri, "LT01", hasCode("LT01"));
  await vscode.commands.executeCommand("workbench.action.files.revert");
});

test("linting leaves no trace in the project", async () => {
  const entries = await vscode.workspace.fs.readDirectory(workspaceFile("."));
  const names = entries.map(([name]) => name);
  for (const trace of ["target", "logs", "floe_sample.duckdb"]) assert.ok(!names.includes(trace), trace);
});
