import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import * as vscode from "vscode";
import * as z from "zod";
import { page } from "../../probe/page.ts";
import {
  diagnostics,
  hasCode,
  onDisk,
  openFile,
  placeCursor,
  projectIn,
  replaceText,
  workspaceFile,
} from "../../probe/product.ts";
import { screenshots } from "../../probe/screenshots.ts";
import { test } from "../../probe/tests.ts";
import { waitFor } from "../../probe/waiting.ts";

const view = "Test Explorer";
const yaml = "models/marts/marts.yml";
const unitTest = "thin_ice_closes_the_lake";
const run = (command: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(command, ...args);
const singular = "tests/assert_orders_have_drinks.sql";

/** Opens a file with the cursor in the line that holds a text. */
async function cursorAt(file: string, text: string): Promise<vscode.TextEditor> {
  const editor = await openFile(file);
  placeCursor(editor, editor.document.positionAt(editor.document.getText().indexOf(text)));
  await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  return editor;
}

/** Runs the test at the cursor, and waits until dbt has left its result and the editor has summed it up. */
async function runAtCursor(name: string, status: string, summary: string): Promise<void> {
  void vscode.commands.executeCommand("testing.runAtCursor");
  await resultsWith(`${name}: ${status}`, ({ results }) => {
    const [result, ...others] = results;
    return others.length === 0 && result?.status === status && result.unique_id.includes(name);
  });
  await page.testSummary(summary);
}

const resultsSchema = z.object({
  args: z.object({ which: z.string() }),
  results: z.array(z.object({ unique_id: z.string(), status: z.string() })),
});
type Results = z.infer<typeof resultsSchema>;

/** Waits until dbt has left results of this kind. */
async function resultsWith(what: string, condition: (results: Results) => boolean): Promise<void> {
  const pattern = new vscode.RelativePattern(workspaceFile("target"), "run_results.json");
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  try {
    await waitFor(
      `results of dbt (${what})`,
      () => condition(resultsNow()) || undefined,
      [watcher.onDidCreate, watcher.onDidChange, vscode.languages.onDidChangeDiagnostics],
      { seconds: 75, describe: resultsNow },
    );
  } finally {
    watcher.dispose();
  }
}

/** None where there is no such file, or it is being written. */
function resultsNow(): Results {
  try {
    const text = readFileSync(workspaceFile("target/run_results.json").fsPath, "utf8");
    return resultsSchema.parse(JSON.parse(text));
  } catch {
    return { args: { which: "" }, results: [] };
  }
}

/** Opens a step of the walkthrough, and uses one of its buttons; what the one before has opened may lie over it. */
async function takeStep(title: string, button: string): Promise<void> {
  await run("workbench.action.openWalkthrough", "floe.floe-dbt#floeDbt.start", false);
  await page.openWalkthroughStep(title);
  await page.clickButton(button);
}

test(
  "the walkthrough is gone through by its buttons, and each ticks its step; its build shows its tests here",
  async () => {
    await page.statusBarItem("dbt: local");
    await run("workbench.action.openWalkthrough", "floe.floe-dbt#floeDbt.start", false);
    await page.walkthroughStepDone("Your dbt project is open");
    await page.screenshot("walkthrough");
    await takeStep("See which environment is in use", "Open the Doctor");
    await page.waitForText("Facts");
    await takeStep("Lint and fix", "Lint Project");
    await takeStep("Run a model", "Show Runs");
    await page.viewText("Runs");
    await page.clickButton("Build the Project");
    await takeStep("Find your way", "Browse the Project");
    await page.treeRow("Project", "^Models");
    await diagnostics(workspaceFile("models/lint_tour/tour_structure.sql"), "ST03", hasCode("ST03"));
    await resultsWith("build", ({ args }) => args.which === "build");
    await takeStep("See what is tested", "Show Tests");
    await page.treeRow(view, "^ice_safety");
    await page.treeRow(view, "^Other tests");
    await page.testSummary("27/27");
    const steps = await page.walkthroughSteps();
    assert.deepEqual(steps, [
      "Your dbt project is open",
      "See which environment is in use",
      "Lint and fix",
      "Run a model",
      "See what is tested",
      "Find your way",
    ]);
    for (const step of steps) await page.walkthroughStepDone(step);
    await run("notifications.clearAll");
    await screenshots("walkthrough-done");
    await run("workbench.action.closeAllEditors");
  },
  { seconds: 150 },
);

test(
  "all tests run by one command, and all pass",
  async () => {
    void vscode.commands.executeCommand("testing.runAll");
    await resultsWith("test", ({ args, results }) => args.which === "test" && results.length === 27);
    await page.testSummary("27/27");
    await page.screenshot("all-passed");
  },
  { seconds: 120 },
);

test(
  "a unit test that fails shows the rows that differ; mended, it passes",
  async () => {
    const editor = await cursorAt(yaml, unitTest);
    await replaceText(editor, "thinnest_cm: 19, is_open: false", "thinnest_cm: 19, is_open: true");
    assert.ok(await editor.document.save());
    await runAtCursor(unitTest, "fail", "0/1");
    await page.waitForText("The rows differ from those that are expected.");
    await page.screenshot("unit-test-failed");
    await page.press("Escape");
    await cursorAt(yaml, unitTest);
    await replaceText(editor, "thinnest_cm: 19, is_open: true", "thinnest_cm: 19, is_open: false");
    assert.ok(await editor.document.save());
    await runAtCursor(unitTest, "pass", "1/1");
  },
  { seconds: 180 },
);

test(
  "a failing test shows the rows that fail it",
  async () => {
    const before = onDisk(singular);
    const editor = await cursorAt(singular, "select");
    const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
    assert.ok(
      await editor.edit((edit) =>
        edit.replace(all, "select 4242 as order_number from {{ ref('orders') }} limit 1\n"),
      ),
    );
    assert.ok(await editor.document.save());
    placeCursor(editor, new vscode.Position(0, 0));
    await runAtCursor("assert_orders_have_drinks", "fail", "0/1");
    // dbt reads the edited project first.
    await projectIn(["ready"]);
    await page.waitForText("Rows that fail it");
    await page.screenshot("rows");
    writeFileSync(workspaceFile(singular).fsPath, before);
    await page.press("Escape");
    await vscode.commands.executeCommand("workbench.action.files.revert");
  },
  { seconds: 120 },
);

test(
  "a test that never ends is cancelled, and the next one runs",
  async () => {
    const before = onDisk(singular);
    const editor = await cursorAt(singular, "select");
    const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
    const endless =
      "select count(*) as n from {{ ref('orders') }}, range(1000000000000) as a(i) where hash(i) = 1 having n < 0\n";
    assert.ok(await editor.edit((edit) => edit.replace(all, endless)));
    assert.ok(await editor.document.save());
    placeCursor(editor, new vscode.Position(0, 0));
    const running = vscode.commands.executeCommand("testing.runAtCursor");
    await page.statusBarItem("dbt test 0/1");
    await vscode.commands.executeCommand("testing.cancelRun");
    await running;
    writeFileSync(workspaceFile(singular).fsPath, before);
    await vscode.commands.executeCommand("workbench.action.files.revert");
    await cursorAt(yaml, unitTest);
    await runAtCursor(unitTest, "pass", "1/1");
    await page.screenshot("after-cancel");
  },
  { seconds: 150 },
);
