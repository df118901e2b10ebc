import type { TextEdit } from "vscode-languageserver-protocol";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { lineText } from "./positions.ts";

/**
 * The edit that makes SQLFluff pass over `rule` on a line (0-based): extends the line's own `-- noqa:` list, or adds one
 * at its end. SQLFluff reads what follows the last `--` of a comment, so another comment on the line may stay.
 * @returns null where a comment cannot stand at the line's end (inside Jinja, a block comment or a string), or where the
 * line is under a noqa for everything already
 */
export function noqaEdit(document: TextDocument, line: number, rule: string): TextEdit | null {
  const text = lineText(document, line);
  const place = endOfLinePlace(document.getText(), document.offsetAt({ line, character: 0 }), text.length);
  if (place.kind === "elsewhere") return null;
  const end = text.trimEnd().length;
  const insert = (newText: string): TextEdit => ({
    range: { start: { line, character: end }, end: { line, character: text.length } },
    newText,
  });
  if (place.kind === "code") return insert(end === 0 ? `-- noqa: ${rule}` : ` -- noqa: ${rule}`);

  const directive = text.slice(place.from).trimEnd().split("--").at(-1)?.trim() ?? "";
  const list = /^noqa\s*(?::\s*(.*))?$/.exec(directive);
  if (!list) return insert(` -- noqa: ${rule}`);
  const rules = list[1]?.trim() ?? "";
  // "disable=" and "enable=" open a range of lines and cannot take one line more.
  if (rules.includes("=") || rules === "" || rules === "all") return null;
  if (rules.split(",").some((known) => known.trim() === rule)) return null;
  return insert(rules.endsWith(",") ? ` ${rule}` : `,${rule}`);
}

type Place = { kind: "code" } | { kind: "lineComment"; from: number } | { kind: "elsewhere" };

const jinja = [
  { open: "{#", close: "#}" },
  { open: "{{", close: "}}" },
  { open: "{%", close: "%}" },
] as const;

/** What the end of a line is in: SQL, a `--` comment (and where in the line it starts), or something that goes on. */
function endOfLinePlace(text: string, lineStart: number, lineLength: number): Place {
  const lineEnd = lineStart + lineLength;
  /** Where the comment starts that `at` is in. */
  let comment: number | null = null;
  let at = 0;
  while (at < lineEnd) {
    // Jinja comes first: it is rendered in comments and strings too.
    const block = jinja.find(({ open }) => text.startsWith(open, at));
    const close = block?.close ?? (comment === null ? sqlClose(text, at) : null);
    if (close !== null) {
      const end = text.indexOf(close, at + (block || close === "*/" ? 2 : 1));
      if (end === -1 || end + close.length > lineEnd) return { kind: "elsewhere" };
      at = end + close.length;
      continue;
    }
    if (comment === null && text.startsWith("--", at)) comment = at;
    else if (text[at] === "\n" || text[at] === "\r") comment = null;
    at += 1;
  }
  return comment === null ? { kind: "code" } : { kind: "lineComment", from: comment - lineStart };
}

/** What ends the block comment or the quoted text that starts at `at`; null where none does. */
function sqlClose(text: string, at: number): string | null {
  if (text.startsWith("/*", at)) return "*/";
  return text[at] === "'" || text[at] === '"' ? text[at] : null;
}
