import * as vscode from "vscode";
import { page } from "./page.ts";

/** One of each kind of theme, for whoever looks at them. */
export async function screenshots(name: string): Promise<void> {
  const settings = vscode.workspace.getConfiguration("workbench");
  const before = settings.inspect<string>("colorTheme")?.globalValue;
  const themes = {
    dark: "Visual Studio Dark",
    contrast: "Default High Contrast",
    light: "Visual Studio Light",
  };
  for (const [kind, theme] of Object.entries(themes)) {
    await settings.update("colorTheme", theme, vscode.ConfigurationTarget.Global);
    await page.screenshot(`${name}-${kind}`);
  }
  await settings.update("colorTheme", before, vscode.ConfigurationTarget.Global);
}
