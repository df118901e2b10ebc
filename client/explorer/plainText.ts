import { escapeMarkdown } from "../views/statusText.ts";

/** Characters that a terminal or a renderer obeys instead of showing: controls, and those that turn the reading direction. */
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from a project's files, without the characters that would do something. Line breaks stay. */
export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(obeyed, "");
}

/** On one line, cut where it is longer than `limit` characters. */
export function shortLine(text: string, limit: number): string {
  const line = plainText(text).replace(/\s+/g, " ").trim();
  return line.length > limit ? `${line.slice(0, limit - 1).trimEnd()}…` : line;
}

/** Paragraphs as Markdown that shows exactly this text: no link, no markup, no icon, no HTML. */
export function asMarkdownText(text: string): string {
  return plainText(text)
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => escapeMarkdown(paragraph))
    .join("\n\n");
}
