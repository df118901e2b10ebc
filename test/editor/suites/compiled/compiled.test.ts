import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { openFile, projectIn, replaceText, setSetting } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";
import { waitFor } from "../../probe/waiting.ts";

const model = "models/marts/hut_performance.sql";
const long = "models/marts/long_model.sql";

/** Waits for the compiled SQL beside a model, until it holds a text. */
async function compiledOf(name: string, text: string): Promise<vscode.TextEditor> {
  const find = (): vscode.TextEditor | undefined =>
    vscode.window.visibleTextEditors.find(
      ({ document }) =>
        document.uri.scheme === "floe-dbt-compiled" &&
        document.uri.path.startsWith(`/${name} (`) &&
        document.getText().includes(text),
    );
  return waitFor(
    `compiled SQL of ${name} with “${text}”`,
    find,
    [vscode.window.onDidChangeVisibleTextEditors, vscode.workspace.onDidChangeTextDocument],
    { describe: () => vscode.window.visibleTextEditors.map(({ document }) => document.getText()) },
  );
}

const compiledTabs = (): string[] =>
  vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input, label }) =>
      input instanceof vscode.TabInputText && input.uri.scheme === "floe-dbt-compiled" ? [label] : [],
    );

async function closeAll(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.files.revert");
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
}

/** Waits until the selection of an editor satisfies `condition`. */
async function selectionOf(
  editor: vscode.TextEditor,
  what: string,
  condition: (selection: vscode.Selection) => boolean,
): Promise<void> {
  await waitFor(
    what,
    () => (condition(editor.selection) ? true : undefined),
    [vscode.window.onDidChangeTextEditorSelection],
    {
      describe: () =>
        vscode.window.visibleTextEditors.map(({ document, selection }) => [document.uri.path, selection]),
    },
  );
}

const lineOf = (editor: vscode.TextEditor, text: string): number =>
  editor.document.positionAt(editor.document.getText().indexOf(text)).line;

test("compiled SQL opens beside its source, read-only, named after model and target", async () => {
  await openFile(model);
  await projectIn(["ready"], 90);
  await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  await page.runCommand("Floe dbt: Show Compiled SQL");
  const compiled = await compiledOf("hut_performance", "left join sales");
  assert.ok(!compiled.document.getText().includes("{{"), compiled.document.getText());
  assert.equal(compiled.document.languageId, "sql");
  assert.deepEqual(compiledTabs(), ["hut_performance (compiled, dev).sql"]);
  assert.equal(vscode.window.activeTextEditor?.document.uri.scheme, "file", "the focus stays");
  await page.screenshot("beside");
});

test("it follows unsaved text, and keeps the last good SQL, dimmed, while the template is broken", async () => {
  const editor = await openFile(model);
  await replaceText(editor, "huts.lake,", "huts.lake as lake_name,");
  await compiledOf("hut_performance", "huts.lake as lake_name,");
  await replaceText(editor, "{{ ref('daily_sales') }}", "{{ ref('daily_sales' }}");
  await page.waitForDecoration("Does not compile:");
  await compiledOf("hut_performance", "huts.lake as lake_name,");
  await page.screenshot("broken");
  await replaceText(editor, "{{ ref('daily_sales' }}", "{{ ref('daily_sales') }} as mended");
  await compiledOf("hut_performance", "as mended");
});

test("what is selected in one is selected in the other", async () => {
  const editor = await openFile(model);
  const compiled = await compiledOf("hut_performance", "as mended");
  await vscode.commands.executeCommand("workbench.action.focusFirstEditorGroup");
  await page.press("Control+End");
  const last = lineOf(compiled, "on huts.hut_id = sales.hut_id");
  await selectionOf(compiled, "the last line there", ({ active }) => active.line >= last);
  await page.press("Control+Home");
  await selectionOf(compiled, "the first line there", ({ active }) => active.line === 0);
  await page.press("Control+End");
  await selectionOf(compiled, "the last line there again", ({ active }) => active.line >= last);
  await vscode.commands.executeCommand("workbench.action.focusSecondEditorGroup");
  await waitFor(
    "the focus in the compiled SQL",
    () => (vscode.window.activeTextEditor === compiled ? true : undefined),
    [vscode.window.onDidChangeActiveTextEditor],
  );
  // The page may be a moment behind: a key could still go to the editor before.
  await vscode.commands.executeCommand("cursorTop");
  await selectionOf(editor, "the first line of the source", ({ active }) => active.line === 0);
  await vscode.commands.executeCommand("cursorEndSelect");
  await selectionOf(
    editor,
    "the same letters of the source",
    (selection) => editor.document.getText(selection) === "with sales as (",
  );
  await page.screenshot("selection");
  await closeAll();
});

test("what is scrolled in one is scrolled in the other", async () => {
  const editor = await openFile(long);
  await vscode.commands.executeCommand("floeDbt.showCompiledSql");
  const compiled = await compiledOf("long_model", "as column_149");
  await vscode.commands.executeCommand("revealLine", { lineNumber: 100, at: "top" });
  const nearTop = (of: vscode.TextEditor, text: string): true | undefined => {
    const top = of.visibleRanges[0]?.start.line ?? 0;
    return Math.abs(top - lineOf(of, text)) <= 2 ? true : undefined;
  };
  const topText = (): string => editor.document.lineAt(editor.visibleRanges[0]?.start.line ?? 0).text.trim();
  const events = [vscode.window.onDidChangeTextEditorVisibleRanges];
  await waitFor(
    "the same place there",
    () => (topText().includes("column_") ? nearTop(compiled, topText()) : undefined),
    events,
    { describe: () => [topText(), compiled.visibleRanges] },
  );
  await vscode.commands.executeCommand("workbench.action.focusSecondEditorGroup");
  await waitFor(
    "the focus in the compiled SQL",
    () => (vscode.window.activeTextEditor === compiled ? true : undefined),
    [vscode.window.onDidChangeActiveTextEditor],
  );
  await vscode.commands.executeCommand("cursorBottom");
  await waitFor(
    "the end of the source",
    () =>
      editor.visibleRanges.some(({ end }) => end.line >= editor.document.lineCount - 3) ? true : undefined,
    events,
    { describe: () => editor.visibleRanges },
  );
  await page.screenshot("scrolled");
  await closeAll();
});

test("the diff against what the last compile left, and the SQL in the clipboard", async () => {
  await openFile("models/marts/ice_safety.sql");
  await page.runCommand("Floe dbt: Compare Compiled SQL with Last Compiled");
  const diff = await waitFor(
    "a diff",
    () => {
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
      return tab?.input instanceof vscode.TabInputTextDiff ? tab : undefined;
    },
    [vscode.window.tabGroups.onDidChangeTabs],
  );
  assert.match(diff.label, /^ice_safety: last compiled, .* ↔ as it is in the editor$/);
  await page.waitForText("left_by_an_earlier_compile");
  await page.waitForText("is_open");
  await page.screenshot("diff");
  await openFile("models/marts/ice_safety.sql");
  await page.runCommand("Floe dbt: Copy Compiled SQL");
  await page.statusBarItem("compiled SQL of ice_safety is in the clipboard");
  const copied = await vscode.env.clipboard.readText();
  assert.match(copied, /as is_open/);
  assert.doesNotMatch(copied, /\{\{/);
  await page.runCommand("Floe dbt: Compare Compiled SQL with Last Run");
  const { message } = await page.notification("dbt has not run ice_safety here yet");
  assert.equal(message, "dbt has not run ice_safety here yet: target/ holds no SQL of it.");
  await vscode.commands.executeCommand("notifications.clearAll");
  await closeAll();
});

test("several at once, each for as long as its source is open; another target is another title", async () => {
  await openFile(model);
  await vscode.commands.executeCommand("floeDbt.showCompiledSql");
  await compiledOf("hut_performance", "left join sales");
  await vscode.commands.executeCommand("workbench.action.focusFirstEditorGroup");
  await openFile(long);
  await vscode.commands.executeCommand("floeDbt.showCompiledSql");
  await compiledOf("long_model", "as column_149");
  const names = (target: string): string[] => [
    `hut_performance (compiled, ${target}).sql`,
    `long_model (compiled, ${target}).sql`,
  ];
  assert.deepEqual(compiledTabs().toSorted(), names("dev"));
  const tabsAre = async (expected: string[]): Promise<unknown> =>
    waitFor(
      `the tabs ${expected.join(", ")}`,
      () => (compiledTabs().toSorted().join() === expected.join() ? true : undefined),
      [vscode.window.tabGroups.onDidChangeTabs],
      { describe: compiledTabs },
    );
  await setSetting("target", "ci");
  await tabsAre(names("ci"));
  await vscode.commands.executeCommand("workbench.action.focusFirstEditorGroup");
  await openFile(model);
  await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
  await tabsAre(names("ci").slice(1));
  await closeAll();
  await tabsAre([]);
});
