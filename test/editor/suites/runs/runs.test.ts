import assert from "node:assert/strict";
import * as vscode from "vscode";
import { clipboard } from "../../probe/clipboard.ts";
import { pressKeyOf } from "../../probe/keys.ts";
import { page } from "../../probe/page.ts";
import {
  activeFile,
  diagnosticsOf,
  lastRunCommand,
  onDisk,
  openFile,
  projectIn,
  replaceText,
  workspaceFile,
} from "../../probe/product.ts";
import { screenshots } from "../../probe/screenshots.ts";
import { test } from "../../probe/tests.ts";
import { nowAndThen, waitFor } from "../../probe/waiting.ts";

/** dbt itself takes most of the time. */
const patient = { seconds: 120 };
const runs = "Runs";
const trouble = "models/trouble/trouble.yml";
const twice = "models/trouble/twice.sql";

const run = (command: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(command, ...args);

/** What dbt is sent by each command about a model, here stg_orders, and about the project. */
const sentForModel = {
  "floeDbt.runModelWithParents": "dbt run --select +stg_orders",
  "floeDbt.runModelWithChildren": "dbt run --select stg_orders+",
  "floeDbt.runModelWithBoth": "dbt run --select +stg_orders+",
  "floeDbt.buildModelWithParents": "dbt build --select +stg_orders",
  "floeDbt.buildModelWithChildren": "dbt build --select stg_orders+",
  "floeDbt.buildModelWithBoth": "dbt build --select +stg_orders+",
  "floeDbt.testModelWithParents": "dbt test --select +stg_orders",
  "floeDbt.testModelWithChildren": "dbt test --select stg_orders+",
  "floeDbt.testModelWithBoth": "dbt test --select +stg_orders+",
  "floeDbt.compileModelWithParents": "dbt compile --select +stg_orders",
  "floeDbt.compileModelWithChildren": "dbt compile --select stg_orders+",
  "floeDbt.compileModelWithBoth": "dbt compile --select +stg_orders+",
  "floeDbt.runSelection": "dbt run --select stg_orders",
  "floeDbt.testSelection": "dbt test --select stg_orders",
  "floeDbt.compileSelection": "dbt compile --select stg_orders",
};
const sentForProject = {
  "floeDbt.runProject": "dbt run",
  "floeDbt.buildProject": "dbt build",
  "floeDbt.testProject": "dbt test",
  "floeDbt.compileProject": "dbt compile",
  "floeDbt.fullRefreshProject": "dbt run --full-refresh",
  "floeDbt.seedProject": "dbt seed",
  "floeDbt.snapshotProject": "dbt snapshot",
  "floeDbt.installPackages": "dbt deps",
};
const sentForProduct = {
  "floeDbt.runProduct": "dbt run --select stg_drinks",
  "floeDbt.testProduct": "dbt test --select stg_drinks",
  "floeDbt.compileProduct": "dbt compile --select stg_drinks",
};

test(
  "a model is run from the palette, and its run is seen in the Runs view",
  async () => {
    await openFile("models/staging/stg_orders.sql");
    await projectIn(["ready"], 90);
    await run("floeDbt.showRuns");
    await page.waitForText("dbt has not run here yet");
    await page.screenshot("empty");
    await page.runCommand("Floe dbt: Run Model");
    assert.match(await page.treeRowSaying(runs, "^Run stg_orders, goes on"), /dev · local/);
    await page.treeRowSaying(runs, "^model stg_orders, passed");
    assert.match(await page.treeRowSaying(runs, "^Run stg_orders, passed"), /dev · local/);
    await page.screenshot("passed");

    const opened = (name: RegExp) =>
      waitFor(
        String(name),
        () => {
          const document = vscode.window.activeTextEditor?.document;
          return document && name.test(document.fileName) ? document.getText() : undefined;
        },
        [vscode.window.onDidChangeActiveTextEditor, vscode.workspace.onDidChangeTextDocument],
      );
    await page.clickTreeRowAction(runs, "^stg_orders", "Open Log");
    assert.match(await opened(/stg_orders\.log$/), /stg_orders/);
    assert.deepEqual(await page.treeRowMenu(runs, "^stg_orders"), [
      "Run This Again",
      "Open File",
      "Open Compiled SQL",
      "Open Log",
      "Copy Message",
    ]);
    await page.screenshot("node-menu");
    await page.chooseMenuEntry("Open Compiled SQL");
    assert.match(await opened(/target.compiled.*stg_orders\.sql$/), /raw_orders|orders/);
  },
  patient,
);

test(
  "what would be sent now is compared with what was run",
  async () => {
    const editor = await openFile("models/staging/stg_orders.sql");
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "-- not run yet\n"));
    await page.runCommand("Floe dbt: Compare Compiled SQL with Last Run");
    const label = await waitFor(
      "a diff",
      () => {
        const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
        return tab?.input instanceof vscode.TabInputTextDiff ? tab.label : undefined;
      },
      [vscode.window.tabGroups.onDidChangeTabs],
    );
    assert.match(label, /^stg_orders: last run, .* ↔ as it is in the editor$/);
    await page.waitForText("-- not run yet");
    await page.screenshot("last-run");
    await run("workbench.action.closeActiveEditor");
    await openFile("models/staging/stg_orders.sql");
    await run("workbench.action.files.revert");
  },
  patient,
);

test(
  "a test that fails is a row, a problem at its line, and a message with what to do",
  async () => {
    await run("workbench.view.explorer");
    await openFile(twice);
    await page.runCommand("Floe dbt: Build Model");
    const { message, buttons } = await page.notification("Build twice: 1 of 2");
    assert.match(message, /^Build twice: 1 of 2 failed: unique_twice_hut_id$/);
    assert.deepEqual(buttons, ["Show Runs", "Show Problems"]);
    await page.clickButton("Show Runs");
    await page.treeRowSaying(runs, "^test unique_twice_hut_id, failed, .*1 row found");
    await waitFor(
      "the failed test among the problems",
      () => diagnosticsOf(workspaceFile(trouble)).find(({ range }) => range.start.line === 5),
      [vscode.languages.onDidChangeDiagnostics],
      {
        describe: () =>
          vscode.languages.getDiagnostics().flatMap(([uri, all]) => (all.length > 0 ? [uri.path, all] : [])),
      },
    );
    await page.clickTreeRow(runs, "unique_twice_hut_id");
    await activeFile("trouble.yml");
    await page.clickTreeRowAction(runs, "unique_twice_hut_id", "Show Failing Rows");
    await page.waitForText("Failing rows of unique_twice_hut_id");
    await page.waitForText("1 row ·");
    const [head, row] = await page.webviewGrid();
    assert.match(head?.join() ?? "", /unique_field.*n_records/);
    assert.deepEqual(row, ["1", "1", "2"]);
    await page.treeRowMenu(runs, "^unique_twice_hut_id");
    await page.chooseMenuEntry("Copy Message");
    await clipboard(/Got 1 result/);
    await run("notifications.clearAll");
    await screenshots("failed");
    await run("workbench.action.closePanel");
  },
  patient,
);

test(
  "once it is mended, what failed is run again with what is in the editor",
  async () => {
    const editor = await openFile(twice);
    await replaceText(editor, "union all", "union");
    await page.runCommand("Floe dbt: Run Failed Again");
    await page.notification("Saved 1 file first");
    await page.treeRowSaying(runs, "^Build what failed of twice, passed");
    assert.match(onDisk(twice), /union\nselect/);
    await waitFor(
      "no problem",
      () => (diagnosticsOf(workspaceFile(trouble)).length === 0 ? true : undefined),
      [vscode.languages.onDidChangeDiagnostics],
    );
  },
  patient,
);

test(
  "a second run waits in the queue; cancelling the first leaves no process of it",
  async () => {
    await run("workbench.view.explorer");
    await openFile("models/trouble/never.sql");
    await page.runCommand("Floe dbt: Run Model");
    // Nobody sees the view: a notification tells how it goes on, until the view is shown.
    const { buttons } = await page.notification("Run never");
    assert.deepEqual(buttons, ["Cancel"]);
    await page.clickStatusBarItem("dbt run");
    await page.treeRowSaying(runs, "^model never, goes on");
    await openFile(twice);
    await page.runCommand("Floe dbt: Compile Model");
    await page.treeRowSaying(runs, "^Compile twice, waits");
    assert.match(await page.statusBarItem("dbt run"), /dbt run 0\/1 \+1/);
    await page.screenshot("queued");
    await page.clickTreeRowAction(runs, "Run never", "Cancel Run");
    await page.treeRowSaying(runs, "^Run never, cancelled");
    await page.treeRowSaying(runs, "^model never, cancelled");
    await page.treeRowSaying(runs, "^Compile twice, passed");
    await page.screenshot("cancelled");
  },
  patient,
);

test(
  "a task runs dbt in a terminal, and ends as dbt did",
  async () => {
    const tasks = await vscode.tasks.fetchTasks({ type: "floeDbt" });
    assert.deepEqual(
      tasks.map(({ name }) => name),
      ["build whole project", "run whole project", "test whole project", "compile whole project"],
    );
    const [offered] = tasks;
    assert.ok(offered?.execution);
    assert.deepEqual(offered.problemMatchers, ["$floeDbt"]);
    const file = workspaceFile(".vscode/tasks.json");
    const tasksJson = {
      version: "2.0.0",
      tasks: [{ type: "floeDbt", command: "compile", select: "twice", label: "twice" }],
    };
    await vscode.workspace.fs.writeFile(file, Buffer.from(JSON.stringify(tasksJson)));
    const own = await waitFor(
      "the task of tasks.json",
      async () => (await vscode.tasks.fetchTasks({ type: "floeDbt" })).find(({ name }) => name === "twice"),
      [nowAndThen],
    );
    const code = Promise.withResolvers<number | undefined>();
    const listening = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.name === "twice") code.resolve(exitCode);
    });
    await vscode.tasks.executeTask(own);
    assert.equal(await code.promise, 0);
    listening.dispose();
    await page.treeRowSaying(runs, "^Compile twice, passed");
    await page.screenshot("task");
  },
  patient,
);

test(
  "a selection is typed with completion, and what dbt will be sent is seen before",
  async () => {
    void run("floeDbt.runSelector");
    await page.quickPickType("twice stg_dri");
    assert.match(await page.quickPickRow("select this"), /^twice stg_dri/);
    await page.pickQuickPickItem("stg_drinks");
    assert.match(await page.quickPickRow("twice stg_drinksselect this"), /^twice stg_drinks/);
    await page.screenshot("selector");
    await page.press("Enter");
    assert.match(await page.quickPickRow("dbt build --select twice stg_drinks"), /^Build/);
    await page.screenshot("selector-verb");
    await page.pickQuickPickItem("Compile");
    await page.treeRowSaying(runs, "^Compile twice stg_drinks, passed");
  },
  patient,
);

test(
  "a selection that selectors.yml names is completed, and dbt takes it",
  async () => {
    void run("floeDbt.runSelector");
    await page.quickPickType("selector:sm");
    assert.match(await page.quickPickRow("selector:small"), /Few and quick/);
    await page.screenshot("named-selector");
    await page.pickQuickPickItem("selector:small");
    assert.match(await page.quickPickRow("selector:smallselect this"), /^selector:small/);
    await page.press("Enter");
    await page.quickPickRow("dbt compile --selector small");
    await page.pickQuickPickItem("Compile");
    await page.treeRowSaying(runs, "^Compile selector:small, passed");
  },
  patient,
);

test(
  "a data product is built as floe.yaml says: its select and exclude, without the tests it does not want",
  async () => {
    void run("floeDbt.buildProduct", workspaceFile("floe.yaml"));
    await page.quickPickRow("huts: stg_drinks");
    assert.match(
      (await page.quickPickItems()).join("; "),
      /huts: stg_orders,path:models\/staging stg_order_items,path:models\/staging; .*; huts: stg_drinks; /,
    );
    await page.screenshot("products");
    await page.pickQuickPickItem("huts: stg_orders,path");
    await page.treeRowSaying(runs, "^Build huts: stg_orders,path.*, passed");
    assert.match(
      await lastRunCommand(),
      /^dbt build --select 'stg_orders,path:models\/staging stg_order_items,path:models\/staging' --exclude stg_order_items --resource-type=model /,
    );
    await page.treeRowSaying(runs, "^model stg_orders, passed");
  },
  patient,
);

test(
  "keys, options, a folder, full refresh, the last run and what failed of it: what waits is what was asked for",
  async () => {
    const editor = await openFile(twice);
    await replaceText(editor, "union", "union all");
    await run("floeDbt.clearRuns");
    await pressKeyOf("floeDbt.buildModel");
    // Its row is in sight: no notification that has to be closed.
    await page.statusBarItem("Build twice: 1 of 2 failed");
    await page.treeRowSaying(runs, "^Build twice, .*failed");
    // Everything else waits behind this one, so that it takes no time.
    await openFile("models/trouble/never.sql");
    await pressKeyOf("floeDbt.runModel");
    await page.treeRowSaying(runs, "^model never, goes on");

    await openFile(twice);
    await pressKeyOf("floeDbt.rerunFailed");
    await page.treeRowSaying(runs, "^Build what failed of twice, waits");
    assert.match(await lastRunCommand(), /^dbt build --select 1\+unique_twice_hut_id$/);
    await pressKeyOf("floeDbt.rerunLast");
    await pressKeyOf("floeDbt.testModel");
    await page.treeRowSaying(runs, "^Test twice, waits");
    await pressKeyOf("floeDbt.compileModel");
    await page.treeRowSaying(runs, "^Compile twice, waits");

    await page.clickTreeRowAction(runs, "^Build twice", "Run Again");
    await page.treeRowSaying(runs, "^Build twice, waits");
    await page.treeRowMenu(runs, "^unique_twice_hut_id");
    await page.chooseMenuEntry("Run This Again");
    await page.treeRowSaying(runs, "^Test unique_twice_hut_id, waits");
    await page.treeRowMenu(runs, "^unique_twice_hut_id");
    await page.chooseMenuEntry("Open File");
    await activeFile("trouble.yml");

    await openFile("models/staging/stg_huts.sql");
    await pressKeyOf("floeDbt.editRun");
    await page.quickPickRow("dbt build --select stg_huts");
    await page.pickQuickPickItem("Build");
    await page.waitForText("Further options of dbt");
    await page.quickPickType("--threads=1 --fail-fast");
    await page.screenshot("options");
    await page.press("Enter");
    await page.waitForText("Variables, as YAML or JSON");
    await page.quickPickType("{safe_ice_cm: 30}");
    await page.press("Enter");
    await page.treeRowSaying(runs, "^Build stg_huts, waits");
    assert.equal(
      await lastRunCommand(),
      "dbt build --select stg_huts --vars '{safe_ice_cm: 30}' --threads=1 --fail-fast",
    );

    // A menu in a menu in the menu of a file.
    await run("workbench.files.action.showActiveFileInExplorer");
    await page.treeRowMenu("Explorer Section", "^stg_huts\\.sql");
    await page.openSubmenus("Run with dbt", "With Parents");
    await page.screenshot("file-menu");
    await page.chooseMenuEntry("Test Model with Parents");
    await run("floeDbt.showRuns");
    await page.treeRowSaying(runs, "^Test stg_huts with parents, waits");

    // What is no node means the project; what is a macro is not offered to be run.
    await openFile("README.md");
    await pressKeyOf("floeDbt.editRun");
    assert.match(await page.quickPickRow("dbt build"), /dbt build$/);
    await page.press("Escape");
    await openFile("macros/ice.sql");
    const offered = await page.paletteItems("Floe dbt: Run ");
    assert.ok(offered.includes("Floe dbt: Run Project"), offered.join("; "));
    assert.ok(!offered.includes("Floe dbt: Run Model"), offered.join("; "));
    await page.press("Escape");

    await run("floeDbt.fullRefreshModel", workspaceFile("models/staging/stg_drinks.sql"));
    await page.treeRowSaying(runs, "^Run stg_drinks, waits");
    assert.equal(await lastRunCommand(), "dbt run --select stg_drinks --full-refresh");

    await run("floeDbt.buildSelection", workspaceFile("seeds"));
    await page.treeRowSaying(runs, "^Build seeds, waits");
    assert.equal(await lastRunCommand(), "dbt build --select path:seeds");

    for (const [command, sent] of Object.entries(sentForModel)) {
      await run(command, workspaceFile("models/staging/stg_orders.sql"));
      assert.equal(await lastRunCommand(), sent, command);
    }
    for (const [command, sent] of Object.entries(sentForProject)) {
      await run(command);
      assert.equal(await lastRunCommand(), sent, command);
    }
    for (const [command, sent] of Object.entries(sentForProduct)) {
      const started = run(command, workspaceFile("floe.yaml"));
      await page.quickPickRow("huts: stg_drinks");
      await page.pickQuickPickItem("huts: stg_drinks");
      await started;
      assert.equal(await lastRunCommand(), sent, command);
    }

    await pressKeyOf("floeDbt.cancelRun");
    await page.quickPickType("All");
    await page.pickQuickPickItem("All");
    await page.treeRowSaying(runs, "^Compile huts: stg_drinks, cancelled");
    await run("floeDbt.runs.focus");
    await page.press("End");
    await page.treeRowSaying(runs, "^Run never, cancelled");
  },
  patient,
);
