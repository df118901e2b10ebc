import * as vscode from "vscode";
import { page } from "./page.ts";
import { waitFor } from "./waiting.ts";

/** One of each kind of theme, for whoever looks at them. */
export async function screenshots(name: string): Promise<void> {
  const settings = vscode.workspace.getConfiguration("workbench");
  const before = settings.inspect<string>("colorTheme")?.globalValue;
  const { Dark, HighContrast, Light } = vscode.ColorThemeKind;
  const themes = [
    { name: "dark", theme: "Visual Studio Dark", kind: Dark },
    { name: "contrast", theme: "Default High Contrast", kind: HighContrast },
    { name: "light", theme: "Visual Studio Light", kind: Light },
  ];
  for (const { name: look, theme, kind } of themes) {
    await settings.update("colorTheme", theme, vscode.ConfigurationTarget.Global);
    // A theme is read from its file before it is on the screen.
    await waitFor(theme, () => vscode.window.activeColorTheme.kind === kind || undefined, [
      vscode.window.onDidChangeActiveColorTheme,
    ]);
    await page.screenshot(`${name}-${look}`);
  }
  await settings.update("colorTheme", before, vscode.ConfigurationTarget.Global);
}
