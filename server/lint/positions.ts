import type { Position, Range, TextEdit } from "vscode-languageserver-protocol";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { LintEdit } from "../../protocol/lint.ts";

/** Linters count code points from 1; the Language Server Protocol counts UTF-16 units from 0. This is the only crossing. */

/** The text of a line, without its line end. */
export function lineText(document: TextDocument, line: number): string {
  const start = { line, character: 0 };
  return document.getText({ start, end: { line: line + 1, character: 0 } }).replace(/[\r\n]+$/, "");
}

/** A place beyond the line's end becomes its end, a line beyond the last the end of the text. */
export function toPosition(document: TextDocument, line: number, column: number): Position {
  const index = line - 1;
  if (index >= document.lineCount) return document.positionAt(document.getText().length);
  const text = lineText(document, index);
  // A byte order mark that the editor left in the text is no column to a linter.
  let character = index === 0 && text.startsWith("\uFEFF") ? 1 : 0;
  for (let left = column - 1; left > 0 && character < text.length; left -= 1) {
    character += (text.codePointAt(character) ?? 0) > 0xffff ? 2 : 1;
  }
  return { line: index, character };
}

export function toTextEdit(document: TextDocument, edit: LintEdit): TextEdit {
  const eol = lineEndOf(document.getText());
  return {
    range: {
      start: toPosition(document, edit.line, edit.column),
      end: toPosition(document, edit.endLine, edit.endColumn),
    },
    newText: edit.newText.replace(/\r\n|\n/g, eol),
  };
}

/**
 * A range a person can see. Where the linter names only a place, it is the word there, or else the rest of the line; at
 * the end of a line it is the character before, and on an empty line the line's own end.
 */
export function visibleRange(document: TextDocument, start: Position, end: Position | null): Range {
  if (end && comparePositions(start, end) < 0) return { start, end };
  const text = lineText(document, start.line);
  if (start.character < text.length) {
    const rest = text.slice(start.character);
    const word = /^[\p{L}\p{N}_]+/u.exec(rest)?.[0];
    const visible = word ?? (rest.trimEnd() || rest);
    return { start, end: { line: start.line, character: start.character + visible.length } };
  }
  if (text.length > 0) {
    const isPair = text.length > 1 && (text.codePointAt(text.length - 2) ?? 0) > 0xffff;
    return { start: { line: start.line, character: text.length - (isPair ? 2 : 1) }, end: start };
  }
  if (start.line + 1 < document.lineCount) return { start, end: { line: start.line + 1, character: 0 } };
  if (start.line === 0) return { start, end: start };
  return {
    start: { line: start.line - 1, character: lineText(document, start.line - 1).length },
    end: start,
  };
}

export function comparePositions(a: Position, b: Position): number {
  return a.line - b.line || a.character - b.character;
}

/** The line end most of a text's lines have; "\n" where there is none. */
export function lineEndOf(text: string): "\r\n" | "\n" {
  const all = text.match(/\n/g)?.length ?? 0;
  const windows = text.match(/\r\n/g)?.length ?? 0;
  return windows > 0 && windows * 2 >= all ? "\r\n" : "\n";
}
