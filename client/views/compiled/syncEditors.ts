import * as vscode from "vscode";
import type { CompiledView } from "./compiledView.ts";
import { ownSelections } from "./ownSelections.ts";

/** For so long, at most, what an editor tells of its scrolling is an echo of ours, in milliseconds. */
const echoMs = 1000;

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
  /** Where we have scrolled an editor to, until it is there. */
  const echoes = new WeakMap<vscode.TextEditor, { top: number | null; until: number }>();
  const ours = ownSelections();
  const bringToTop = (editor: vscode.TextEditor, top: number): void => {
    echoes.set(editor, { top, until: Date.now() + echoMs });
    const line = top === 0 ? 0 : Math.min(top + stickyLines(editor.document), editor.document.lineCount - 1);
    editor.revealRange(new vscode.Range(line, 0, line, 0), vscode.TextEditorRevealType.AtTop);
  };
  const bringIntoSight = (editor: vscode.TextEditor, line: number): void => {
    echoes.set(editor, { top: null, until: Date.now() + echoMs });
    editor.revealRange(new vscode.Range(line, 0, line, 0), vscode.TextEditorRevealType.InCenter);
  };
  const isEchoOf = (editor: vscode.TextEditor, top: number): boolean => {
    const echo = echoes.get(editor);
    if (!echo || Date.now() > echo.until) return false;
    if (echo.top === null || Math.abs(echo.top - top) <= 1) echoes.delete(editor);
    return true;
  };

  const select = (editor: vscode.TextEditor, selection: vscode.Selection): void => {
    ours.made(editor, selection);
    // Also where it seems to be selected: what the editor last said may be older than what we last told it.
    editor.selection = selection;
  };

  const scrolled = ({ textEditor, visibleRanges }: vscode.TextEditorVisibleRangesChangeEvent): void => {
    const pair = pairOf(textEditor, views);
    const top = visibleRanges[0]?.start.line;
    if (!pair || top === undefined || isEchoOf(textEditor, top)) return;
    for (const other of pair.others) {
      const line = top === 0 ? 0 : pair.lineThere(top);
      if (other.visibleRanges[0]?.start.line !== line) {
        bringToTop(other, line);
      }
    }
  };

  const selected = ({ textEditor, kind }: vscode.TextEditorSelectionChangeEvent): void => {
    // A key or a click is never ours.
    const isCommand = kind === vscode.TextEditorSelectionChangeKind.Command;
    if (isCommand && ours.toldOf(textEditor, textEditor.selection)) return;
    // An editor without the focus only follows.
    if (textEditor !== vscode.window.activeTextEditor) return;
    const pair = pairOf(textEditor, views);
    if (!pair) return;
    textEditor.setDecorations(highlight, []);
    for (const other of pair.others) {
      const there = selectionThere(textEditor, other.document, pair.lineThere);
      select(other, there);
      other.setDecorations(highlight, [linesOf(there)]);
      const isVisible = other.visibleRanges.some(
        ({ start, end }) => start.line <= there.active.line && there.active.line <= end.line,
      );
      if (!isVisible) bringIntoSight(other, there.active.line);
    }
  };
  return vscode.Disposable.from(
    highlight,
    vscode.window.onDidChangeTextEditorVisibleRanges(scrolled),
    vscode.window.onDidChangeTextEditorSelection(selected),
  );
}

/** Lines that VS Code keeps free above what is brought to the top, for the headings that stick there. */
function stickyLines(document: vscode.TextDocument): number {
  const editor = vscode.workspace.getConfiguration("editor", document);
  return editor.get<boolean>("stickyScroll.enabled", true)
    ? editor.get<number>("stickyScroll.maxLineCount", 5)
    : 0;
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

/** The lines in which something is selected: not the one before whose first letter the selection ends. */
function linesOf({ start, end, isSingleLine }: vscode.Selection): vscode.Range {
  const isBefore = end.character === 0 && !isSingleLine;
  return new vscode.Range(start.line, 0, isBefore ? end.line - 1 : end.line, 0);
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
