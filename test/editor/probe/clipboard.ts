import * as vscode from "vscode";
import { timed } from "./waits.ts";

/**
 * Waits until the clipboard holds a text, of which no event tells. @returns the text
 * @throws after 20 s, with what it held instead
 */
export async function clipboard(expected: string | RegExp): Promise<string> {
  const is = (text: string): boolean =>
    typeof expected === "string" ? text === expected : expected.test(text);
  return timed(`the clipboard: ${String(expected)}`, async () => {
    const until = Date.now() + 20_000;
    for (;;) {
      const text = await vscode.env.clipboard.readText();
      if (is(text)) return text;
      if (Date.now() > until) throw new Error(`The clipboard held ${text} in place of ${String(expected)}`);
    }
  });
}
