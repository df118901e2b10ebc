import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import * as vscode from "vscode";
import { clipboard } from "../../probe/clipboard.ts";
import { pressKeyOf } from "../../probe/keys.ts";
import { page } from "../../probe/page.ts";
import { api, openFile, placeCursor, projectIn, setSetting, workspaceFile } from "../../probe/product.ts";
import { screenshots } from "../../probe/screenshots.ts";
import { test } from "../../probe/tests.ts";
import { waitFor } from "../../probe/waiting.ts";

const model = "models/marts/many_rows.sql";
const refused = "models/marts/refused.sql";

/** Looks at the grid until it is as wanted. */
async function grid(what: string, condition: (rows: string[][]) => boolean): Promise<string[][]> {
  const until = Date.now() + 30_000;
  for (;;) {
    const rows = await page.webviewGrid();
    if (condition(rows)) return rows;
    if (Date.now() > until)
      throw new Error(`${what} did not come; there was ${JSON.stringify(rows.slice(0, 6))}`);
  }
}

/** Presses keys until what they copy is there: the view has the focus a little after it is shown. */
async function copiedByKeys(text: string | RegExp, ...keys: string[]): Promise<void> {
  const isIt = (found: string): boolean => (typeof text === "string" ? found === text : text.test(found));
  const until = Date.now() + 30_000;
  for (;;) {
    for (const key of keys) await page.press(key);
    const found = await vscode.env.clipboard.readText();
    if (isIt(found)) return;
    if (Date.now() > until) throw new Error(`${keys.join(" ")} copied ${JSON.stringify(found)}`);
  }
}

const lenses = async (uri: vscode.Uri): Promise<vscode.CodeLens[]> =>
  vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri, 50);

test("the rows of a model, with types, in a grid that holds only what is seen", async () => {
  await openFile(model);
  await projectIn(["ready"], 90);
  await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  await page.runCommand("Floe dbt: Preview Query Results");
  await page.waitForText("500 rows, there may be more");
  const [head, first, ...others] = await grid("rows", (rows) => rows.length > 5);
  assert.ok(head);
  assert.deepEqual(
    head.map((cell) => cell.replace(/(bigint|varchar|decimal\(.*\)|boolean|date)$/i, "")),
    ["number", "hut", "price", "is_even", "day", "markup"],
  );
  assert.match(head[0] ?? "", /BIGINT|INTEGER/i);
  const markup = "<b>bold</b> [link](command:workbench.action.closeWindow)";
  assert.deepEqual(first, ["1", "0", "hut 0", "NULL", "true", "2026-01-01", markup]);
  assert.ok(others.length < 60, `${others.length} rows are in the page`);
  await screenshots("rows");
});

test("sorted as numbers, and filtered", async () => {
  await page.clickWebviewPart("columnheader", "price");
  await grid("the smallest price first", (rows) => rows[1]?.[3] === "1.5");
  await page.clickWebviewPart("columnheader", "price");
  await grid("the largest price first", (rows) => rows[1]?.[3] === "748.5");
  await page.fillWebviewField("Filter rows", "hut 497");
  await page.waitForText("1 of 500 rows");
  await grid("one row", (rows) => rows.length === 2 && rows[1]?.[2] === "hut 497");
});

test("hidden and shown again, it is as it was", async () => {
  await vscode.commands.executeCommand("workbench.action.closePanel");
  await vscode.commands.executeCommand("floeDbt.preview.focus");
  await page.waitForText("1 of 500 rows");
  await copiedByKeys("497", "Home", "Control+C");
  await copiedByKeys(/^497\thut 497\t\tfalse\t2026-05-13\t/, "Shift+Space", "Control+C");
  await page.fillWebviewField("Filter rows", "");
  await grid("all rows, still sorted", (rows) => rows.length > 5 && rows[1]?.[3] === "748.5");
  await page.clickWebviewPart("columnheader", "price");
  await grid("the query's order", (rows) => rows[1]?.[1] === "0");
});

test("another limit, and 12,000 rows by keyboard", async () => {
  await page.fillWebviewField("Limit", "20000");
  await page.waitForText("12000 rows");
  await page.clickWebviewPart("gridcell", "hut 1");
  await page.press("Control+End");
  const rows = await grid("the last row", (all) => all.some((row) => row[1] === "11999"));
  assert.ok(rows.length < 60, `${rows.length} rows are in the page`);
  await page.press("Control+Home");
  await grid("the first row", (all) => all[1]?.[1] === "0");
  await page.press("ArrowRight");
  await page.press("Control+C");
  await clipboard("hut 0");
  await page.press("Shift+ArrowDown");
  await page.press("Shift+ArrowRight");
  await page.press("Control+C");
  await clipboard("hut 0\t\nhut 1\t1.5");
  await page.webviewPartMenu("gridcell", "hut 1");
  await page.screenshot("cell-menu");
  await page.chooseMenuEntry("Copy Row");
  await clipboard(/^number\thut\t.*\n1\thut 1\t1\.5\tfalse\t2026-01-02\t/);
  await page.webviewPartMenu("gridcell", "hut 1");
  await page.chooseMenuEntry("Copy Selected Cells");
  await clipboard("hut 0\t\nhut 1\t1.5");
  await page.clickTitleAction("Copy All Rows");
  await clipboard(/^number\thut\t.*\n0\thut 0\t[^]*\n11999\thut 11999\t/);
  await page.screenshot("keyboard");
});

test("a CTE by its code lens, the one at the cursor, and a selection", async () => {
  const editor = await openFile(model);
  const titles = (await lenses(editor.document.uri)).map(({ command }) => command?.title);
  assert.deepEqual(titles, ["Preview model", "Preview numbers", "Preview shown"]);
  const lens = (await lenses(editor.document.uri)).find(
    ({ command }) => command?.title === "Preview numbers",
  );
  assert.ok(lens?.command);
  await vscode.commands.executeCommand(
    lens.command.command,
    ...((lens.command.arguments ?? []) as unknown[]),
  );
  await page.waitForText("many_rows: numbers");
  await grid("the CTE's only column", (rows) => rows[0]?.length === 1 && rows[1]?.[1] === "0");

  const text = editor.document.getText();
  placeCursor(editor, editor.document.positionAt(text.indexOf("is_even")));
  await vscode.commands.executeCommand("floeDbt.previewCte");
  await page.waitForText("many_rows: CTE at line");
  await grid("the other CTE's columns", (rows) => rows[0]?.length === 6);

  const start = text.indexOf("select i as number");
  editor.selection = new vscode.Selection(
    editor.document.positionAt(start),
    editor.document.positionAt(text.indexOf("range(12000)") + "range(12000) as r(i)".length),
  );
  await pressKeyOf("floeDbt.previewSelection");
  await page.waitForText("many_rows: selection");
  await grid("the selection's column", (rows) => rows[0]?.length === 1);
  await page.screenshot("code-lens");

  await setSetting("preview.codeLens", false);
  await waitFor(
    "no code lens",
    async () => ((await lenses(editor.document.uri)).length === 0 ? true : undefined),
    [vscode.workspace.onDidChangeConfiguration, vscode.window.onDidChangeTextEditorSelection],
  ).finally(() => setSetting("preview.codeLens", undefined));
});

test("the query that ran is shown, and opens in an editor", async () => {
  await page.clickWebviewPart("button", "Query");
  await page.waitForText("range(12000)");
  await page.screenshot("query");
  await page.clickWebviewPart("button", "Open in Editor");
  const opened = await waitFor(
    "the query in an editor",
    () => {
      const document = vscode.window.activeTextEditor?.document;
      return document?.uri.scheme === "floe-dbt-text" ? document : undefined;
    },
    [vscode.window.onDidChangeActiveTextEditor],
  );
  assert.match(opened.getText(), /select i as number/);
  assert.equal(opened.languageId, "sql");
  await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
  await page.clickWebviewPart("button", "Query");
  await page.clickTitleAction("Open Query in Editor");
  await waitFor(
    "the query in an editor again",
    () => (vscode.window.activeTextEditor?.document === opened ? true : undefined),
    [vscode.window.onDidChangeActiveTextEditor],
  );
  await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
});

test("rows are saved as CSV, as they are shown", async () => {
  await openFile(model);
  await vscode.commands.executeCommand("floeDbt.previewModel");
  await page.waitForText("500 rows, there may be more");
  await page.fillWebviewField("Filter rows", "hut 497");
  await page.waitForText("1 of 500 rows");
  const saving = vscode.commands.executeCommand("floeDbt.exportPreviewCsv");
  await page.quickPickItems();
  await page.clickButton("OK");
  await saving;
  await page.notification("Saved models/marts/many_rows.csv");
  const file = workspaceFile("models/marts/many_rows.csv").fsPath;
  assert.ok(existsSync(file));
  assert.equal(
    readFileSync(file, "utf8")
      .split("\r\n")[1]
      ?.replace(/,<b>.*/, ""),
    "497,hut 497,,false,2026-05-13",
  );
  await vscode.commands.executeCommand("notifications.clearAll");
});

test("and as JSON, with numbers as numbers", async () => {
  const saving = vscode.commands.executeCommand("floeDbt.exportPreviewJson");
  await page.quickPickItems();
  await page.clickButton("OK");
  await saving;
  await page.notification("Saved models/marts/many_rows.json");
  const rows: unknown = JSON.parse(readFileSync(workspaceFile("models/marts/many_rows.json").fsPath, "utf8"));
  assert.deepEqual(rows, [
    {
      number: 497,
      hut: "hut 497",
      price: null,
      is_even: false,
      day: "2026-05-13",
      markup: "<b>bold</b> [link](command:workbench.action.closeWindow)",
    },
  ]);
  await vscode.commands.executeCommand("notifications.clearAll");
});

test("what the warehouse refuses: its own words, and the line", async () => {
  await openFile(refused);
  await vscode.commands.executeCommand("floeDbt.previewModel");
  await page.waitForText("no_such_column");
  await page.screenshot("failed");
  await page.clickWebviewPart("button", "Go to Line");
  await waitFor(
    "the line",
    () => (vscode.window.activeTextEditor?.selection.active.line === 4 ? true : undefined),
    [vscode.window.onDidChangeTextEditorSelection, vscode.window.onDidChangeActiveTextEditor],
    { describe: () => vscode.window.activeTextEditor?.selection },
  );
});

test("what was never built is built from there, and then there are rows", async () => {
  await openFile("models/marts/unbuilt.sql");
  await vscode.commands.executeCommand("floeDbt.previewModel");
  await page.waitForText("many_rows does not exist");
  await page.screenshot("unbuilt");
  await page.clickWebviewPart("button", "Build with Parents");
  await vscode.commands.executeCommand("floeDbt.runs.focus");
  const run = await page.treeRowSaying("Runs", "^Build unbuilt with parents, (passed|.*failed)");
  assert.match(run, /with parents, passed/);
  await vscode.commands.executeCommand("floeDbt.preview.focus");
  await page.clickWebviewPart("button", "Run Again");
  await grid("the parent's row", (rows) => rows[1]?.[1] === "hut 1");
});

test("a query that does not end is cancelled, and the next one works", async () => {
  await openFile("models/marts/endless.sql");
  const running = vscode.commands.executeCommand("floeDbt.previewModel");
  await page.waitForText("Waiting for the warehouse…");
  await page.screenshot("running");
  await page.clickTitleAction("Cancel Query");
  await running;
  await page.waitForText("Cancelled.");
  await page.clickTitleAction("Run Query Again");
  await page.clickWebviewPart("button", "Cancel");
  await page.waitForText("Cancelled.");
  await openFile("models/marts/many_rows.sql");
  await vscode.commands.executeCommand("floeDbt.previewModel");
  await page.waitForText("500 rows, there may be more");
});

test(
  "another target is chosen: the status bar, the Project view, the rows and the next run say so",
  async () => {
    await openFile(model);
    await page.runCommand("Floe dbt: Select Target");
    await page.quickPickRow("ci");
    await page.pickQuickPickItem("ci");
    await page.statusBarItem("dbt: local · ci");
    await vscode.commands.executeCommand("floeDbt.project.focus");
    await page.treeRowSaying("Project", "^dbt project floe_sample, ci · local");
    const product = await api();
    await waitFor(
      "a project that is ready on ci",
      () => product.projects.find(({ target, state }) => target === "ci" && state === "ready"),
      [product.onDidChangeProjects],
      { seconds: 90, describe: () => product.projects },
    );
    await vscode.commands.executeCommand("floeDbt.previewModel");
    await page.waitForText(" s · ci");
    await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
    await page.runCommand("Floe dbt: Compile Model");
    await page.treeRowSaying("Runs", "^Compile many_rows, passed, .*ci · local");
    await page.screenshot("target");
    await setSetting("target", undefined);
    await page.statusBarItem("dbt: local · dev");
  },
  { seconds: 120 },
);
