import * as vscode from "vscode";
import type { SelectorSuggestion } from "../../protocol/manifest.ts";
import type { RunRequest, RunVerb } from "../../protocol/run.ts";
import { canRun } from "../capabilities.ts";
import { commandOf, verbTitles } from "../runs/command.ts";
import { remembered, type SelectorItem, selectorItems } from "../runs/selectorItems.ts";
import type { CommandContext } from "./context.ts";
import { editOptions } from "./editRun.ts";
import { pickProject } from "./pickProject.ts";
import { startRun } from "./startRun.ts";

const historyKey = "floeDbt.selectors";
const verbKey = "floeDbt.lastVerb";
const verbs: readonly RunVerb[] = ["run", "build", "test", "compile", "seed", "snapshot"];

/** Asks for a selection in dbt's own words, then for what to do with it, and does it. Both are remembered. */
export async function runSelector(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Run a Selection");
  if (!project) return;
  const { projectDir } = project;
  const { memory } = context;
  const select = await askSelector(context, projectDir, memory.get<string[]>(historyKey) ?? []);
  if (select === undefined) return;
  await memory.update(historyKey, remembered(memory.get<string[]>(historyKey) ?? [], select));
  const offered = verbs.filter((verb) => canRun([project], { projectDir, verb, select }));
  const picked = await pickVerb(offered, memory.get<RunVerb>(verbKey), { projectDir, select, title: select });
  if (!picked) return;
  await memory.update(verbKey, picked.request.verb);
  const request = picked.edit ? await editOptions(context, picked.request) : picked.request;
  if (request) await startRun(context, request);
}

async function askSelector(
  context: CommandContext,
  projectDir: string,
  history: readonly string[],
): Promise<string | undefined> {
  const { completeSelectorRequest } = await import("../../protocol/requests.ts");
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { item: SelectorItem }>();
  pick.title = "Run a Selection";
  pick.placeholder = "customers+   tag:nightly   path:models/marts   source:raw+   state:modified";
  pick.matchOnDescription = false;
  // Sorted as given: what is typed first, so that Enter takes it.
  (pick as { sortByLabel?: boolean }).sortByLabel = false;
  let asked: vscode.CancellationTokenSource | undefined;

  const show = (suggestions: readonly SelectorSuggestion[]): void => {
    pick.items = selectorItems(pick.value, suggestions, history).map((item) => ({
      label: item.label,
      description: item.description,
      alwaysShow: true,
      item,
    }));
  };
  const complete = async (text: string): Promise<void> => {
    asked?.cancel();
    const token = (asked = new vscode.CancellationTokenSource()).token;
    try {
      const params = { projectDir, text, offset: text.length };
      const { suggestions } = await context.server.request(completeSelectorRequest, params, token);
      if (!token.isCancellationRequested) show(suggestions);
    } catch {
      // A selector can be typed without help.
    }
  };
  const follow = (text: string): void => {
    show([]);
    void complete(text);
  };

  try {
    return await new Promise<string | undefined>((resolve) => {
      pick.onDidChangeValue(follow);
      pick.onDidAccept(() => {
        const item = pick.activeItems[0]?.item;
        // What is typed counts, also where the list has not followed it yet.
        if (!item || item.kind === "itself") resolve(pick.value.trim() || undefined);
        else if (item.kind === "before") resolve(item.value);
        else {
          pick.value = item.value;
          follow(item.value);
        }
      });
      pick.onDidHide(() => resolve(undefined));
      follow("");
      pick.show();
    });
  } finally {
    asked?.cancel();
    pick.dispose();
  }
}

/** What dbt will be sent is seen before it is. */
async function pickVerb(
  offered: readonly RunVerb[],
  last: RunVerb | undefined,
  base: Omit<RunRequest, "verb">,
): Promise<{ request: RunRequest; edit: boolean } | undefined> {
  const button: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("edit"),
    tooltip: "With Options…",
  };
  const items = offered
    .toSorted((a, b) => Number(b === last) - Number(a === last))
    .map((verb) => ({
      label: verbTitles[verb],
      description: commandOf({ ...base, verb }),
      buttons: [button],
      request: { ...base, verb },
    }));
  const pick = vscode.window.createQuickPick<(typeof items)[number]>();
  pick.title = `Run a Selection: ${base.select ?? ""}`;
  pick.placeholder = "What should dbt do with it?";
  pick.items = items;
  try {
    return await new Promise((resolve) => {
      pick.onDidAccept(() => {
        const [item] = pick.activeItems;
        resolve(item && { request: item.request, edit: false });
      });
      pick.onDidTriggerItemButton(({ item }) => resolve({ request: item.request, edit: true }));
      pick.onDidHide(() => resolve(undefined));
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}
