import * as vscode from "vscode";

/** Milliseconds after the last key until the tree follows. */
const pause = 120;

/**
 * Asks for a filter; what is typed takes effect at once. Enter keeps it, Escape brings back what was before.
 * @param apply gets each filter that is to be in effect
 */
export async function askForFilter(before: string, apply: (filter: string) => void): Promise<void> {
  const box = vscode.window.createInputBox();
  box.title = "Filter the Project";
  box.placeholder = "Words of a name, tag, path or description; all must be there";
  box.prompt = "Enter keeps the filter, Escape takes it back.";
  box.value = before;
  let timer: NodeJS.Timeout | undefined;
  const kept = await new Promise<string>((resolve) => {
    box.onDidChangeValue((value) => {
      clearTimeout(timer);
      timer = setTimeout(() => apply(value.trim()), pause);
    });
    box.onDidAccept(() => {
      resolve(box.value);
      box.hide();
    });
    box.onDidHide(() => resolve(before));
    box.show();
  });
  clearTimeout(timer);
  apply(kept.trim());
  box.dispose();
}
