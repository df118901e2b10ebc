import * as vscode from "vscode";
import { tellFailure } from "../log.ts";
import { runTitle } from "../runs/command.ts";
import { endSentence, failureSentence, progressSentence, progressText } from "../runs/outcome.ts";
import { firstLine } from "../runs/plainText.ts";
import { isActive, isFailure, tally } from "../runs/runList.ts";
import type { Runs } from "../runs/runs.ts";
import type { RunsView } from "./runsView.ts";

/**
 * Says how the runs go on: always in the status bar; in a notification as well, with Cancel, while nobody sees the Runs
 * view. How a run ended is in one if it did not end well and nobody sees the view, or if there is something that mends it.
 * One stays until it is closed: whoever mends test after test at the view's rows is not to close as many.
 */
export function showRunProgress(runs: Runs, view: RunsView): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("floeDbt.run", vscode.StatusBarAlignment.Left, 9);
  item.name = "Floe dbt: Run";
  item.command = "floeDbt.showRuns";
  const notified = new Map<string, () => void>();

  const update = (): void => {
    const { active } = runs;
    const progress = progressText(active);
    if (progress) {
      item.text = progress.text;
      item.tooltip = progress.tooltip;
      item.accessibilityInformation = { label: progress.label, role: "button" };
      item.show();
    } else {
      item.hide();
    }
    const [first] = active;
    if (first && !view.visible && !notified.has(first.head.id)) notify(first.head.id);
    for (const [id, close] of notified) {
      const run = runs.get(id);
      if (view.visible || !run || !isActive(run.head)) close();
    }
  };

  function notify(id: string): void {
    const run = runs.get(id);
    if (!run) return;
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: firstLine(runTitle(run.head.request.verb, run.head.title), 80),
      cancellable: true,
    };
    void vscode.window.withProgress(options, async (progress, token) => {
      const closed = Promise.withResolvers<undefined>();
      notified.set(id, () => closed.resolve(undefined));
      let shown = 0;
      const report = (): void => {
        const now = runs.get(id);
        if (!now) return;
        const { done, total } = tally(now);
        const percentage = total === null || total === 0 ? 0 : (100 * done) / total;
        progress.report({ message: progressSentence(now), increment: Math.max(0, percentage - shown) });
        shown = Math.max(shown, percentage);
      };
      report();
      const listening = vscode.Disposable.from(
        runs.onDidChange((change) => {
          if (change?.run.head.id === id) report();
        }),
        token.onCancellationRequested(() => void vscode.commands.executeCommand("floeDbt.cancelRun", id)),
      );
      await closed.promise;
      listening.dispose();
      notified.delete(id);
    });
  }

  update();
  return vscode.Disposable.from(
    item,
    runs.onDidChange(update),
    view.onDidChangeVisibility(update),
    runs.onDidEnd((run) => {
      if (isFailure(run.head)) {
        const { message, remedies, views } = failureSentence(run);
        const isSeen = view.visible && run.head.state === "failed" && remedies.length === 0;
        if (isSeen) vscode.window.setStatusBarMessage(message, 5_000);
        else void tellFailure(message, [...remedies, ...views]);
      } else if (!view.visible) {
        const sentence = endSentence(run);
        if (sentence !== null) vscode.window.setStatusBarMessage(sentence, 5_000);
      }
    }),
    new vscode.Disposable(() => {
      for (const close of notified.values()) close();
    }),
  );
}
