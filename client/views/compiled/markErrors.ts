import * as vscode from "vscode";
import type { CompiledView } from "./compiledView.ts";
import { shortReason } from "../../shortReason.ts";

/** SQL of a while ago is dimmed (not in high contrast), and says in its first visible line why there is none of now. */
export function markErrors(
  views: { of: (uri: vscode.Uri) => CompiledView | undefined },
  changed: vscode.Event<vscode.Uri>,
): vscode.Disposable {
  const stale = vscode.window.createTextEditorDecorationType({ opacity: "0.5", isWholeLine: true });
  const reason = vscode.window.createTextEditorDecorationType({
    before: {
      color: new vscode.ThemeColor("editorError.foreground"),
      backgroundColor: new vscode.ThemeColor("inputValidation.errorBackground"),
      border: "1px solid",
      borderColor: new vscode.ThemeColor("inputValidation.errorBorder"),
      margin: "0 1em 0 0",
    },
  });
  const mark = (editor: vscode.TextEditor): void => {
    const view = views.of(editor.document.uri);
    if (!view) return;
    const error = view.hasSql ? view.error : null;
    const dims = error !== null && !isHighContrast();
    editor.setDecorations(stale, dims ? [wholeText(editor.document)] : []);
    editor.setDecorations(reason, error === null ? [] : [inFirstLine(editor, error)]);
  };
  const markAll = (uri?: vscode.Uri): void => {
    for (const editor of vscode.window.visibleTextEditors) {
      if (!uri || editor.document.uri.toString() === uri.toString()) mark(editor);
    }
  };
  return vscode.Disposable.from(
    stale,
    reason,
    changed(markAll),
    vscode.window.onDidChangeVisibleTextEditors(() => markAll()),
    vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => mark(textEditor)),
    vscode.workspace.onDidChangeTextDocument(({ document }) => markAll(document.uri)),
    vscode.window.onDidChangeActiveColorTheme(() => markAll()),
  );
}

/** Whoever needs the contrast keeps it. */
function isHighContrast(): boolean {
  const { HighContrast, HighContrastLight } = vscode.ColorThemeKind;
  return [HighContrast, HighContrastLight].includes(vscode.window.activeColorTheme.kind);
}

function wholeText(document: vscode.TextDocument): vscode.Range {
  return new vscode.Range(0, 0, document.lineCount, 0);
}

function inFirstLine(editor: vscode.TextEditor, error: string): vscode.DecorationOptions {
  const line = editor.visibleRanges[0]?.start.line ?? 0;
  const short = shortReason(error);
  return {
    range: new vscode.Range(line, 0, line, 0),
    hoverMessage: new vscode.MarkdownString().appendText(error),
    renderOptions: { before: { contentText: ` Does not compile: ${short} ` } },
  };
}
