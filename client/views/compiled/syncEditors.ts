import * as vscode from "vscode";
import type { CompiledView } from "./compiledView.ts";

/** For so long what an editor tells of its scrolling is an echo of ours, in milliseconds. */
const echoMs = 250;

interface Views {
  of: (uri: vscode.Uri) => CompiledView | undefined;
  ofSource: (source: vscode.Uri) => CompiledView | undefined;
}

/** An editor, the one beside it that shows the other side, and which line of there a line of here is. */
interface Pair {
  others: vscode.TextEditor[];
  lineThere: (line: number) => number;
}

/** Keeps a file and its compiled SQL at the same place: what is scrolled or selected in one is so in the other. */
export function syncEditors(views: Views): vscode.Disposable {
  const highlight = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
    borderColor: new vscode.ThemeColor("editor.rangeHighlightBorder"),
  });
  const echoes = new WeakMap<vscode.TextEditor, number>();
  const reveal = (editor: vscode.TextEditor, line: number, how: vscode.TextEditorRevealType): void => {
    echoes.set(editor, Date.now() + echoMs);
    editor.revealRange(new vscode.Range(line, 0, line, 0), how);
  };

  const scrolled = ({ textEditor, visibleRanges }: vscode.TextEditorVisibleRangesChangeEvent): void => {
    const pair = pairOf(textEditor, views);
    const top = visibleRanges[0]?.start.line;
    if (!pair || top === undefined || Date.now() < (echoes.get(textEditor) ?? 0)) return;
    for (const other of pair.others) {
      const line = top === 0 ? 0 : pair.lineThere(top);
      if (other.visibleRanges[0]?.start.line !== line) {
        reveal(other, line, vscode.TextEditorRevealType.AtTop);
      }
    }
  };

  const selected = ({ textEditor }: vscode.TextEditorSelectionChangeEvent): void => {
    // An editor without the focus only follows.
    if (textEditor !== vscode.window.activeTextEditor) return;
    const pair = pairOf(textEditor, views);
    if (!pair) return;
    textEditor.setDecorations(highlight, []);
    for (const other of pair.others) {
      const there = selectionThere(textEditor, other.document, pair.lineThere);
      other.selection = there;
      other.setDecorations(highlight, [new vscode.Range(there.start.line, 0, there.end.line, 0)]);
      const isVisible = other.visibleRanges.some(
        ({ start, end }) => start.line <= there.active.line && there.active.line <= end.line,
      );
      if (!isVisible) reveal(other, there.active.line, vscode.TextEditorRevealType.InCenter);
    }
  };
  return vscode.Disposable.from(
    highlight,
    vscode.window.onDidChangeTextEditorVisibleRanges(scrolled),
    vscode.window.onDidChangeTextEditorSelection(selected),
  );
}

function pairOf(editor: vscode.TextEditor, views: Views): Pair | null {
  const { uri } = editor.document;
  const visible = (wanted: vscode.Uri): vscode.TextEditor[] =>
    vscode.window.visibleTextEditors.filter(({ document }) => document.uri.toString() === wanted.toString());
  const ofSource = views.ofSource(uri);
  if (ofSource?.hasSql) return { others: visible(ofSource.uri), lineThere: ofSource.map.toCompiled };
  const view = views.of(uri);
  return view?.hasSql ? { others: visible(view.source), lineThere: view.map.toSource } : null;
}

/** To the letter where the line is the same on both sides; whole lines where it is not. */
function selectionThere(
  { document, selection }: vscode.TextEditor,
  there: vscode.TextDocument,
  lineThere: (line: number) => number,
): vscode.Selection {
  const lineAt = (line: number): vscode.TextLine =>
    there.lineAt(Math.min(lineThere(line), there.lineCount - 1));
  const placed = (at: vscode.Position, isEnd: boolean): vscode.Position => {
    const line = lineAt(at.line);
    if (document.lineAt(at.line).text === line.text)
      return line.range.start.with({ character: at.character });
    return isEnd && !selection.isEmpty ? line.range.end : line.range.start;
  };
  const anchor = placed(selection.anchor, selection.isReversed);
  return new vscode.Selection(
    anchor,
    selection.isEmpty ? anchor : placed(selection.active, !selection.isReversed),
  );
}
