import * as vscode from "vscode";

/** Opens the page of the rule that is given (an https address), else of the issue under the cursor. */
export async function openRulePage(page: unknown): Promise<void> {
  const address = typeof page === "string" ? vscode.Uri.parse(page, true) : pageAtCursor();
  if (address?.scheme !== "https") throw new Error("There is no issue with a page of its own at the cursor.");
  await vscode.env.openExternal(address);
}

function pageAtCursor(): vscode.Uri | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  const onLine = vscode.languages
    .getDiagnostics(editor.document.uri)
    .filter(
      ({ range }) =>
        range.start.line <= editor.selection.active.line && range.end.line >= editor.selection.active.line,
    )
    .toSorted((a, b) => Number(holds(b)) - Number(holds(a)));
  return onLine
    .map(({ code }) => (typeof code === "object" ? code.target : undefined))
    .find((target) => target);

  function holds(diagnostic: vscode.Diagnostic): boolean {
    return editor !== undefined && diagnostic.range.contains(editor.selection.active);
  }
}
