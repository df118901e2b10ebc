import * as vscode from "vscode";
import { page } from "./page.ts";
import { extension } from "./product.ts";

/** Presses the keys of a command of ours, one chord after the other, with the focus in the editor. */
export async function pressKeyOf(id: string): Promise<void> {
  const { contributes } = extension().packageJSON as {
    contributes: { keybindings: { command: string; key: string }[] };
  };
  const binding = contributes.keybindings.find(({ command }) => command === id);
  if (!binding) throw new Error(`${id} has no key.`);
  await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  for (const chord of binding.key.split(" ")) await page.press(asPressed(chord));
}

/** "ctrl+alt+r" as a browser names it: "Control+Alt+r". */
const asPressed = (chord: string): string =>
  chord
    .split("+")
    .map((part) => ({ ctrl: "Control", alt: "Alt", shift: "Shift", enter: "Enter" })[part] ?? part)
    .join("+");
