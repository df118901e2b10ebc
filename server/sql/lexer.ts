/**
 * A reader of SQL with Jinja in it, for finding one's way in a text that need not be whole or right: it never throws, and
 * what is not closed goes on to the end. Comments, literals and what Jinja only defines (macros, block sets) give no token.
 */
export type Token = {
  /** UTF-16 offsets into the text. */
  start: number;
  end: number;
} & (
  | { kind: "word" | "quoted" | "expression" }
  /** `(`, `)`, `,`, `;` and every other sign, one at a time. */
  | { kind: "sign"; sign: string }
  /** `{% ... %}`, and its first word. */
  | { kind: "statement"; keyword: string }
);

const word = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const number = /\d[\p{L}\p{N}_.]*/uy;
const dollarQuote = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const keywordOfStatement = /\{%[-+]?\s*([a-z_]+)/y;

/** Blocks whose content is no part of the query: it is rendered elsewhere, if at all. */
const definitions = new Set(["macro", "materialization", "test", "data_test", "call", "docs"]);

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    const two = text.slice(at, at + 2);
    if (two === "{#") at = after(text, "#}", at + 2);
    else if (two === "{{") {
      at = endOfJinja(text, at, "}}");
      tokens.push({ kind: "expression", start, end: at });
    } else if (two === "{%") {
      at = endOfJinja(text, at, "%}");
      const keyword = match(keywordOfStatement, text, start)?.[1] ?? "";
      if (keyword === "raw") at = rawBlock(text, at, tokens);
      else if (definitions.has(keyword) || isBlockSet(text.slice(start, at), keyword)) {
        at = endOfBlock(text, at, keyword);
      } else tokens.push({ kind: "statement", keyword, start, end: at });
    } else at = sqlToken(text, at, tokens);
  }
  return tokens;
}

/** Adds the token that starts here, if it is one. @returns where the next one starts, always further on */
function sqlToken(text: string, at: number, tokens: Token[], quoted = endOfQuoted): number {
  const char = text[at] ?? "";
  const two = text.slice(at, at + 2);
  if (/\s/.test(char)) return at + 1;
  if (two === "--") return quoted(text, at + 2, "\n");
  if (two === "/*") return quoted(text, at + 2, "*/");
  if (char === "'") return quoted(text, at + 1, "'");
  if (char === '"' || char === "`") {
    const end = quoted(text, at + 1, char);
    tokens.push({ kind: "quoted", start: at, end });
    return end;
  }
  const dollar = char === "$" ? match(dollarQuote, text, at)?.[0] : undefined;
  if (dollar !== undefined) return after(text, dollar, at + dollar.length);
  const digits = match(number, text, at);
  if (digits) return at + digits[0].length;
  const letters = match(word, text, at);
  if (letters) {
    const end = at + letters[0].length;
    tokens.push({ kind: "word", start: at, end });
    return end;
  }
  tokens.push({ kind: "sign", sign: char, start: at, end: at + 1 });
  return at + 1;
}

/** Where a literal, quoted name or comment ends. Jinja in it is rendered first, so quotes in there do not count. */
function endOfQuoted(text: string, from: number, close: string): number {
  let at = from;
  while (at < text.length) {
    if (text.startsWith("{{", at)) at = endOfJinja(text, at, "}}");
    else if (text.startsWith("{%", at)) at = endOfJinja(text, at, "%}");
    else if (text.startsWith("{#", at)) at = after(text, "#}", at + 2);
    else if (text.startsWith(close, at)) return at + close.length;
    else at += 1;
  }
  return at;
}

/** As Jinja does it: closing signs in strings and within brackets do not count. Not closed: the end of the line. */
function endOfJinja(text: string, from: number, close: string): number {
  const first = text.indexOf(close, from + 2);
  if (first < 0) return endOfLine(text, from);
  let depth = 0;
  for (let at = from + 2; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (depth === 0 && text.startsWith(close, at)) return at + close.length;
    if (char === "'" || char === '"') {
      const end = endOfJinjaString(text, at);
      // A quote that is still being typed.
      if (end < 0) return first + close.length;
      at = end;
    } else if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char)) depth = Math.max(0, depth - 1);
    else if (text.startsWith("{%", at) && at > first) return first + close.length;
  }
  return first + close.length;
}

function endOfJinjaString(text: string, from: number): number {
  const quote = text[from];
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

/** What is between `{% raw %}` and `{% endraw %}` is SQL without Jinja. */
function rawBlock(text: string, from: number, tokens: Token[]): number {
  const endTag = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
  endTag.lastIndex = from;
  const end = endTag.exec(text);
  const until = end?.index ?? text.length;
  let at = from;
  const untilItsEnd: typeof endOfQuoted = (_text, at, close) => Math.min(after(text, close, at), until);
  while (at < until) at = sqlToken(text, at, tokens, untilItsEnd);
  return Math.max(at, end ? endTag.lastIndex : text.length);
}

/** `{% set x %}...{% endset %}`, which unlike `{% set x = 1 %}` has an end. */
function isBlockSet(statement: string, keyword: string): boolean {
  return keyword === "set" && !/^\{%[-+]?\s*set\s[^=]*=/.test(statement);
}

function endOfBlock(text: string, from: number, keyword: string): number {
  const tag = /\{%[-+]?\s*(end)?([a-z_]+)/g;
  tag.lastIndex = from;
  let depth = 1;
  for (let found = tag.exec(text); found; found = tag.exec(text)) {
    const end = endOfJinja(text, found.index, "%}");
    if (found[2] === keyword) {
      if (found[1] === "end") depth -= 1;
      else if (keyword !== "set" || isBlockSet(text.slice(found.index, end), keyword)) depth += 1;
    }
    if (depth === 0) return end;
    tag.lastIndex = end;
  }
  return text.length;
}

function after(text: string, close: string, from: number): number {
  const found = text.indexOf(close, from);
  return found < 0 ? text.length : found + close.length;
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  return found < 0 ? text.length : found;
}

function match(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}
