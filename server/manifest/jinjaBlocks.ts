/** A block with a name: `{% macro cents(column) %}`, `{% docs order %}`, `{% snapshot orders %}`. */
export interface JinjaBlock {
  kind: "macro" | "test" | "data_test" | "materialization" | "snapshot" | "docs";
  name: string;
  /** Offsets: of its name, and of the whole, up to the end of its closing tag. */
  nameStart: number;
  start: number;
  end: number;
}

const opening = /\{%-?\s*(macro|test|data_test|materialization|snapshot|docs)\s+(\w+)/g;

/** The named blocks of a file, in its order. Those that are never closed reach to the end. */
export function jinjaBlocks(text: string): JinjaBlock[] {
  return [...text.matchAll(opening)].map((match) => {
    const kind = match[1] as JinjaBlock["kind"];
    const name = match[2] ?? "";
    const start = match.index;
    const closing = new RegExp(
      `\\{%-?\\s*end${kind === "data_test" ? "(?:data_)?test" : kind}\\s*-?%\\}`,
      "g",
    );
    closing.lastIndex = start;
    const close = closing.exec(text);
    const end = close ? close.index + close[0].length : text.length;
    return { kind, name, nameStart: start + match[0].length - name.length, start, end };
  });
}
