import { diffArrays } from "diff";
import type { Range, TextEdit } from "vscode-languageserver-protocol";
import { TextDocument } from "vscode-languageserver-textdocument";
import { lineEndOf } from "./positions.ts";

/** Beyond so many changed lines a closer look costs more than it saves; the changed block is then replaced as one. */
const maxChangedLines = 1000;

/** A line of the current text: `[start, end)` is its content, `next` where the next line starts. */
interface Line {
  start: number;
  end: number;
  next: number;
}

/**
 * The smallest edits by line that turn a document into `fixedText`, each trimmed to the characters that changed.
 * Line ends are the document's own: `fixedText` has "\n" (or "\r\n"), and lines that stay keep the end they have.
 */
export function editsBetween(document: TextDocument, fixedText: string): TextEdit[] {
  const current = document.getText();
  const eol = lineEndOf(current);
  const lines = linesOf(current);
  const before = lines.map((line) => current.slice(line.start, line.end));
  const after = withSameBom(fixedText, current).split(/\r\n|\n/);

  const edit = (start: number, end: number, newText: string): TextEdit | null =>
    trimmedEdit(document, current, start, end, newText);

  return changedBlocks(before, after).flatMap(({ from, to, newLines }) => {
    const first = lines[from];
    const last = lines[to - 1];
    if (first && last && to > from && newLines.length === to - from) {
      return newLines.flatMap((text, index) => {
        const line = lines[from + index];
        return (line && edit(line.start, line.end, text)) ?? [];
      });
    }
    if (first && last && to > from && newLines.length > 0) {
      return edit(first.start, last.end, newLines.join(eol)) ?? [];
    }
    if (newLines.length > 0) {
      return first
        ? (edit(first.start, first.start, newLines.map((text) => text + eol).join("")) ?? [])
        : (edit(current.length, current.length, newLines.map((text) => eol + text).join("")) ?? []);
    }
    if (!first || !last) return [];
    return to < lines.length
      ? (edit(first.start, last.next, "") ?? [])
      : (edit(lines[from - 1]?.end ?? 0, last.end, "") ?? []);
  });
}

/** Only the edits that touch the lines of `range`. */
export function editsInLines(edits: readonly TextEdit[], range: Range): TextEdit[] {
  // A selection that ends before the first character of a line does not mean that line.
  const lastLine =
    range.end.character === 0 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line;
  return edits.filter((edit) => edit.range.start.line <= lastLine && edit.range.end.line >= range.start.line);
}

/** For text that no editor holds (a closed file): the document the edits are made from. */
export function documentOfFile(uri: string, text: string): TextDocument {
  return TextDocument.create(uri, "sql", 0, text.startsWith("\ufeff") ? text.slice(1) : text);
}

/** `[from, to)` of the old lines becomes `newLines`. */
interface Block {
  from: number;
  to: number;
  newLines: string[];
}

function changedBlocks(before: string[], after: string[]): Block[] {
  const limit = Math.min(before.length, after.length);
  let head = 0;
  while (head < limit && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < limit - head && before[before.length - 1 - tail] === after[after.length - 1 - tail])
    tail += 1;

  const oldMiddle = before.slice(head, before.length - tail);
  const newMiddle = after.slice(head, after.length - tail);
  if (oldMiddle.length === 0 && newMiddle.length === 0) return [];
  const changes = diffArrays(oldMiddle, newMiddle, { maxEditLength: maxChangedLines });
  if (!changes) return [{ from: head, to: head + oldMiddle.length, newLines: newMiddle }];

  const blocks: Block[] = [];
  let at = head;
  let open: Block | null = null;
  for (const change of changes) {
    if (!change.added && !change.removed) {
      at += change.value.length;
      open = null;
      continue;
    }
    if (!open) {
      open = { from: at, to: at, newLines: [] };
      blocks.push(open);
    }
    if (change.added) open.newLines.push(...change.value);
    else at = open.to = at + change.value.length;
  }
  return blocks;
}

function trimmedEdit(
  document: TextDocument,
  current: string,
  start: number,
  end: number,
  newText: string,
): TextEdit | null {
  const old = current.slice(start, end);
  if (old === newText) return null;
  const limit = Math.min(old.length, newText.length);
  let head = 0;
  while (head < limit && old[head] === newText[head]) head += 1;
  if (splitsCharacter(old, head) || splitsCharacter(newText, head)) head -= 1;
  let tail = 0;
  while (tail < limit - head && old[old.length - 1 - tail] === newText[newText.length - 1 - tail]) tail += 1;
  if (splitsCharacter(old, old.length - tail) || splitsCharacter(newText, newText.length - tail)) tail -= 1;
  return {
    range: { start: document.positionAt(start + head), end: document.positionAt(end - tail) },
    newText: newText.slice(head, newText.length - tail),
  };
}

/** Whether cutting at `index` would part a surrogate pair or a "\r\n", neither of which a position can point into. */
function splitsCharacter(text: string, index: number): boolean {
  if (index <= 0 || index >= text.length) return false;
  const left = text.charCodeAt(index - 1);
  const right = text.charCodeAt(index);
  const parted = left >= 0xd800 && left <= 0xdbff && right >= 0xdc00 && right <= 0xdfff;
  return parted || (left === 13 && right === 10);
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const match of text.matchAll(/\r\n|\n|\r/g)) {
    const next = match.index + match[0].length;
    lines.push({ start, end: match.index, next });
    start = next;
  }
  lines.push({ start, end: text.length, next: text.length });
  return lines;
}

/** Most editors take the byte order mark away before a server sees the text; no linter gives it back where one did not. */
function withSameBom(fixedText: string, current: string): string {
  const bare = fixedText.startsWith("\ufeff") ? fixedText.slice(1) : fixedText;
  return current.startsWith("\ufeff") ? `\ufeff${bare}` : bare;
}
