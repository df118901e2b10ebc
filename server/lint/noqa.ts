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

const openers = [
  { open: "{#", close: "#}" },
  { open: "{{", close: "}}" },
  { open: "{%", close: "%}" },
  { open: "/*", close: "*/" },
] as const;

/** What the end of a line is in: SQL, a `--` comment (and where in the line it starts), or something that goes on. */
function endOfLinePlace(text: string, lineStart: number, lineLength: number): Place {
  const lineEnd = lineStart + lineLength;
  let at = 0;
  while (at < lineEnd) {
    const opener = openers.find(({ open }) => text.startsWith(open, at));
    if (opener) {
      const close = text.indexOf(opener.close, at + 2);
      if (close === -1 || close + 2 > lineEnd) return { kind: "elsewhere" };
      at = close + 2;
    } else if (text.startsWith("--", at)) {
      const newline = /[\r\n]/g;
      newline.lastIndex = at;
      const next = newline.exec(text)?.index ?? text.length;
      if (next >= lineEnd) return { kind: "lineComment", from: at - lineStart };
      at = next;
    } else if (text[at] === "'" || text[at] === '"') {
      const close = text.indexOf(text[at] ?? "", at + 1);
      if (close === -1 || close >= lineEnd) return { kind: "elsewhere" };
      at = close + 1;
    } else {
      at += 1;
    }
  }
  return { kind: "code" };
}
