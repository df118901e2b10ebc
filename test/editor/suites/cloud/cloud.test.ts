import assert from "node:assert/strict";
import * as vscode from "vscode";
import { page } from "../../probe/page.ts";
import { activeFile, api, diagnostics, openFile } from "../../probe/product.ts";
import { screenshots } from "../../probe/screenshots.ts";
import { test } from "../../probe/tests.ts";
import { waitFor } from "../../probe/waiting.ts";

const cloud = "dbt Cloud";
const runs = "Runs";
const project = "Project";
/** The emulator's; test/harness/cloudEmulator. */
const token = "dbtc_EmulatedTokenThatMustNeverShowUpAnywhere0123";

const run = (command: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(command, ...args);

test("signing in asks for a token until dbt Cloud takes one, and says whose account it is", async () => {
  const product = await api();
  await waitFor(
    "a project in dbt Cloud",
    () => product.projects.find(({ remote }) => remote === true),
    [product.onDidChangeProjects],
    { seconds: 60, describe: () => product.projects },
  );
  await openFile("models/staging/stg_orders.sql");
  await run("floeDbt.cloud.focus");
  await page.treeRow(cloud, "Sign in to 127\\.0\\.0\\.1");
  await page.screenshot("signed-out");
  await page.runCommand("Floe dbt: Sign in to dbt Cloud…");
  await page.waitForText("It is kept by the editor alone");
  await page.type("dbtc_not_the_one");
  await page.press("Enter");
  await page.waitForText("does not accept the token");
  await page.screenshot("wrong-token");
  await page.type(token);
  await page.press("Enter");
  const { message } = await page.notification("Signed in to");
  assert.match(message, /^Signed in to Ice Coffee \(127\.0\.0\.1:\d+\)\.$/);
  await page.treeRow(cloud, "No runs yet");
  await page.toggleTreeRow(cloud, "Jobs");
  await page.treeRow(cloud, "Nightly.*for compile, run, test");
  await page.toggleTreeRow(cloud, "Environments");
  await page.treeRow(cloud, "Production.*production");
  await page.screenshot("signed-in");
});

test("the first run asks what may run where; its steps are seen as they go", async () => {
  await openFile("models/staging/stg_orders.sql");
  await page.runCommand("Floe dbt: Run Model");
  await page.waitForText("Run “dbt run --select=stg_orders” in dbt Cloud?");
  await page.screenshot("question");
  await page.clickButton("Run in dbt Cloud");
  await run("floeDbt.showRuns");
  await page.treeRowSaying(runs, "^Run stg_orders, passed");
  await page.treeRow(runs, "dbt run --select=stg_orders");
  await page.screenshot("run");
  await page.clickTreeRowAction(runs, "^Run stg_orders", "Open Page of This Run");
  const [opened] = await page.openedPages();
  assert.match(opened ?? "", /\/deploy\/\d+\/projects\/\d+\/runs\/70403105000001$/);
  await run("floeDbt.cloud.focus");
  await page.treeRow(cloud, "run stg_orders\\s*Nightly · c0ffee0");
});

test("the Project view has the environment's nodes, with how they did there", async () => {
  await run("floeDbt.project.focus");
  await page.toggleTreeRow(project, "Sources");
  await page.toggleTreeRow(project, "lake");
  await page.treeRow(project, "lake\\.orders.*warned");
  assert.match(
    await page.treeRowHover(project, "lake\\.orders"),
    /Freshness in the environment: warn .*newest row of 2026-11-27 06:00 UTC/,
  );
  await page.toggleTreeRow(project, "Models");
  await page.toggleTreeRow(project, "staging");
  await page.treeRowSaying(project, "model stg_orders.*last run: success");
  assert.match(
    await page.treeRowHover(project, "stg_orders"),
    /Last run in the environment: success in 1\.3 s/,
  );
  await screenshots("project");
  await page.togglePane(project);
});

test("what runs there is browsed: steps, their logs, artifacts", async () => {
  await run("floeDbt.cloud.focus");
  await page.toggleTreeRow(cloud, "^\\s*run stg_orders");
  await page.treeRow(cloud, "Clone git repository");
  await page.clickTreeRow(cloud, "^\\s*dbt run --select=stg_orders");
  await waitFor(
    "the log of the step",
    () =>
      vscode.window.activeTextEditor?.document.getText().includes("Running with dbt=") ? true : undefined,
    [vscode.window.onDidChangeActiveTextEditor],
  );
  await page.toggleTreeRow(cloud, "Artifacts");
  await page.treeRow(cloud, "manifest.json");
  await screenshots("browse");
  await page.clickTreeRowAction(cloud, "manifest.json", "Open Log or Artifact");
  await waitFor(
    "the artifact",
    () =>
      vscode.window.activeTextEditor?.document.getText().includes("model.floe_sample.stg_huts")
        ? true
        : undefined,
    [vscode.window.onDidChangeActiveTextEditor],
  );
  await page.clickTreeRowAction(cloud, "^\\s*run stg_orders", "Open in dbt Cloud");
  await page.toggleTreeRow(cloud, "^\\s*run stg_orders");
});

test("what the checkout would change there is compared, and nothing is started for it", async () => {
  await page.runCommand("Floe dbt: Compare Environments");
  await page.quickPickItems();
  await page.pickQuickPickItem("Local");
  // dbt starts here for it, which takes as long as it takes.
  const tabs = vscode.window.tabGroups;
  await waitFor(
    "the comparison",
    () => tabs.all.flatMap((group) => group.tabs).find(({ label }) => label.includes("Compare Environments")),
    [tabs.onDidChangeTabs],
    { seconds: 90 },
  );
  await page.waitForText("2 of 2 nodes compile to other SQL");
  await page.screenshot("comparison");
  await page.runCommand("Floe dbt: Export Comparison");
  await page.quickPickItems();
  await page.clickButton("OK");
  await page.notification("The comparison is in");
  await run("notifications.clearAll");
  await page.clickWebviewLink("Show difference");
  await waitFor(
    "the difference",
    () => (tabs.activeTabGroup.activeTab?.input instanceof vscode.TabInputTextDiff ? true : undefined),
    [tabs.onDidChangeTabs],
  );
  await page.screenshot("difference");
  await run("workbench.action.closeActiveEditor");
  await page.clickWebviewLink("models/staging/stg_orders.sql");
  await activeFile("stg_orders.sql");
  await run("workbench.action.closeAllEditors");
});

test("a node is seen while it runs; cancelling in the editor cancels in dbt Cloud, and is not asked about again", async () => {
  await openFile("models/staging/stg_huts.sql");
  await page.runCommand("Floe dbt: Run Model");
  await run("floeDbt.showRuns");
  await page.treeRowSaying(runs, "^Run stg_huts, goes on");
  await page.treeRowSaying(runs, "^model stg_huts, goes on");
  await screenshots("running");
  await page.clickTreeRowAction(runs, "Run stg_huts", "Cancel Run");
  await page.treeRowSaying(runs, "^Run stg_huts, cancelled");
  await page.treeRow(runs, "in dbt Cloud too");
  await page.screenshot("cancelled");
});

test("what dbt Cloud cannot do is not offered, and said in one sentence where it is reached anyway", async () => {
  await openFile("models/staging/stg_huts.sql");
  const shows = (await page.paletteItems("Floe dbt: Show")).join("; ");
  assert.match(shows, /Show Runs/);
  assert.doesNotMatch(shows, /Show Compiled SQL/);
  await page.screenshot("palette");
  await run("workbench.action.closeQuickOpen");
  // Each ends when its message is closed.
  void run("floeDbt.previewModel");
  await page.notification("The cloud environment cannot run a query and show its rows.");
  void run("floeDbt.installPackages");
  await page.notification("The cloud environment cannot install packages.");
  await page.screenshot("cannot");
  await run("notifications.clearAll");
});

test("what failed there is a problem of the file here, and is retried from its failure", async () => {
  const editor = await openFile("models/staging/stg_huts.sql");
  await page.runCommand("Floe dbt: Run Model");
  await run("floeDbt.showRuns");
  await page.treeRowSaying(runs, "^Run stg_huts, failed");
  await diagnostics(editor.document.uri, "what dbt Cloud says", (found) =>
    found.some(({ message }) => message.includes('column "seats" not found')),
  );
  await run("floeDbt.cloud.focus");
  await page.clickTreeRowAction(cloud, "^\\s*run stg_huts", "Retry from Failure in dbt Cloud");
  await page.waitForText("Retry run 70403105000021 from where it failed?");
  await screenshots("failed");
  await page.clickButton("Retry in dbt Cloud");
  await run("notifications.showList");
  await page.notification("Run 70403105000031 goes on where run 70403105000021 failed");
  await run("notifications.clearAll");
  await page.runCommand("Floe dbt: Refresh dbt Cloud");
  await page.clickTreeRowAction(cloud, "Nightly", "Cancel in dbt Cloud");
  await page.treeRowSaying(cloud, "^run .*cancelled");
});

test("a job is chosen for tests, and that is remembered", async () => {
  await run("floeDbt.cloud.focus");
  await page.clickTreeRowAction(cloud, "Docs", "Use This Job for");
  await page.quickPickRow("Run, build, seed and snapshot");
  await page.pickQuickPickItem("Test");
  await page.press("Enter");
  await page.treeRow(cloud, "Docs.*for test");
  await page.treeRow(cloud, "Nightly.*for compile, run");
});

test("signing out deletes the token here", async () => {
  await run("floeDbt.cloud.focus");
  await page.runCommand("Floe dbt: Sign out of dbt Cloud");
  await page.treeRow(cloud, "Sign in to 127\\.0\\.0\\.1");
});
