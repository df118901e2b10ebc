/** A call in Jinja, as far as it can be told without running it. Offsets are UTF-16. */
export interface JinjaCall {
  /** "ref", or the name of a macro. */
  name: string;
  /** What stands before the dot: `dbt_utils.star()`. */
  packageName?: string;
  nameStart: number;
  nameEnd: number;
  /** Arguments that are one literal text, by position; null for any other. */
  args: (LiteralArgument | null)[];
  /** `ref('x', v=2)` */
  version?: string;
}

export interface LiteralArgument {
  text: string;
  /** Without its quotes. */
  start: number;
  end: number;
}

/** Where a person types: in the text of an argument, before an argument, or in a name. */
export type JinjaSpot =
  | {
      kind: "text" | "argument";
      call: Omit<JinjaCall, "nameEnd">;
      index: number;
      start: number;
      quote: string;
    }
  | { kind: "name"; packageName?: string; start: number };

interface Region {
  start: number;
  end: number;
}

/** Characters of a call's arguments; beyond, a bracket was forgotten. */
const longestCall = 20_000;
/** Words of Jinja behind which an expression begins. */
const keywords = new Set(["if", "elif", "in", "and", "or", "not", "do", "call", "set", "is", "else", "for"]);
const identifierStart = /[A-Za-z_]/;
const identifierPart = /\w/;

/** Calls stand outside `{{ }}` in YAML, and in Python models. */
export function isBare(filePath: string): boolean {
  return /\.(ya?ml|py)$/i.test(filePath);
}

/**
 * The calls in a text, in its order, those in the arguments of others too.
 * @param bare also those outside `{{ }}` and `{% %}`: `ref('x')` in YAML
 */
export function jinjaCalls(text: string, { bare }: { bare: boolean }): JinjaCall[] {
  const calls: JinjaCall[] = [];
  const regions = bare ? [{ start: 0, end: text.length }] : jinjaRegions(text);
  for (const region of regions) scan(text, region, calls, bare);
  return calls;
}

/** The call whose name or literal argument is at an offset, and which argument that is; -1 for the name. */
export function callAt(
  calls: readonly JinjaCall[],
  offset: number,
): { call: JinjaCall; index: number } | null {
  for (const call of calls.toReversed()) {
    if (offset >= call.nameStart && offset <= call.nameEnd) return { call, index: -1 };
    const index = call.args.findIndex((arg) => arg && offset >= arg.start - 1 && offset <= arg.end + 1);
    if (index >= 0) return { call, index };
  }
  return null;
}

/** What is typed at an offset; null where no Jinja is. */
export function spotAt(text: string, offset: number, { bare }: { bare: boolean }): JinjaSpot | null {
  const start = openRegion(text, offset);
  if (start !== null) return spotIn(text, start, offset, false);
  // In YAML a call stands in a line of its own.
  return bare ? spotIn(text, text.lastIndexOf("\n", offset - 1) + 1, offset, true) : null;
}

function jinjaRegions(text: string): Region[] {
  const regions: Region[] = [];
  const opening = /\{[{%#]/g;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const close = match[0] === "{{" ? "}}" : match[0] === "{%" ? "%}" : "#}";
    const found = text.indexOf(close, match.index + 2);
    // One that is not closed yet ends with its line: the rest of the text is no Jinja because of it.
    const line = text.indexOf("\n", match.index);
    const end = found >= 0 ? found : line >= 0 ? line : text.length;
    if (match[0] !== "{#") regions.push({ start: match.index + 2, end });
    opening.lastIndex = end;
  }
  return regions;
}

/** Start of the `{{` or `{%` that is open at an offset. */
function openRegion(text: string, offset: number): number | null {
  const before = text.slice(0, offset);
  const opened = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  if (opened < 0 || before.lastIndexOf("{#") > before.lastIndexOf("#}")) return null;
  const closed = Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"));
  return closed > opened ? null : opened + 2;
}

function scan(text: string, { start, end }: Region, calls: JinjaCall[], bare: boolean): void {
  for (let at = start; at < end;) {
    const letter = text[at] ?? "";
    // Outside Jinja an apostrophe is one more letter.
    if (!bare && (letter === "'" || letter === '"')) {
      at = endOfText(text, at, end);
    } else if (identifierStart.test(letter)) {
      const parts = dottedName(text, at, end);
      at = parts.end;
      const open = skipSpace(text, at, end);
      if (text[open] !== "(" || parts.names.length > 2) continue;
      const name = parts.names.at(-1) ?? "";
      const [packageName] = parts.names.length === 2 ? parts.names : [];
      calls.push({
        name,
        ...(packageName !== undefined && { packageName }),
        nameStart: at - name.length,
        nameEnd: at,
        ...argumentsOf(text, open + 1, end),
      });
      at = open + 1;
    } else at += 1;
  }
}

/** `a.b.c`, without spaces, from its first letter. */
function dottedName(text: string, from: number, limit: number): { names: string[]; end: number } {
  const names: string[] = [];
  let at = from;
  for (;;) {
    const start = at;
    while (at < limit && identifierPart.test(text[at] ?? "")) at += 1;
    names.push(text.slice(start, at));
    if (text[at] !== "." || at + 1 >= limit || !identifierStart.test(text[at + 1] ?? "")) break;
    at += 1;
  }
  return { names, end: at };
}

/** The arguments from behind the bracket on; what is not closed ends where the region does. */
function argumentsOf(text: string, from: number, limit: number): Pick<JinjaCall, "args" | "version"> {
  const args: JinjaCall["args"] = [];
  let version: string | undefined;
  let start = from;
  let depth = 0;
  const take = (end: number): void => {
    const part = text.slice(start, end);
    const named = /^\s*(\w+)\s*=(?!=)\s*(.*?)\s*$/s.exec(part);
    if (named) {
      if (named[1] === "v" || named[1] === "version") version = (named[2] ?? "").replace(/^['"]|['"]$/g, "");
      return;
    }
    const literal = /^\s*(['"])((?:(?!\1)[^\\\n])*)\1\s*$/.exec(part);
    const content = literal ? start + part.indexOf(literal[1] ?? "'") + 1 : 0;
    if (literal)
      args.push({ text: literal[2] ?? "", start: content, end: content + (literal[2] ?? "").length });
    else if (part.trim() !== "") args.push(null);
  };
  let at = from;
  for (; at < limit; at += 1) {
    const letter = text[at] ?? "";
    if (letter === "'" || letter === '"') {
      at = endOfText(text, at, limit) - 1;
    } else if ("([{".includes(letter)) depth += 1;
    else if (letter === ")" && depth === 0) {
      take(at);
      break;
    } else if (")]}".includes(letter)) depth -= 1;
    else if (letter === "," && depth === 0) {
      take(at);
      start = at + 1;
    } else if (at - from > longestCall) break;
  }
  // The bracket that closes it is still to be typed.
  if (at >= limit) take(limit);
  return { args, ...(version !== undefined && { version }) };
}

/** Offset after the text in quotes that begins here; the end of its line where it is not closed. */
function endOfText(text: string, from: number, limit: number): number {
  const quote = text[from];
  for (let at = from + 1; at < limit; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === "\n") return at;
  }
  return limit;
}

function skipSpace(text: string, from: number, limit: number): number {
  let at = from;
  while (at < limit && /\s/.test(text[at] ?? "")) at += 1;
  return at;
}

/** What was read last, before the offset. */
interface Seen {
  name: { names: string[]; start: number; end: number } | null;
  literal: LiteralArgument | null;
  /** Nothing since the last bracket or comma. */
  isBlank: boolean;
}

function spotIn(text: string, from: number, offset: number, bare: boolean): JinjaSpot | null {
  interface Open {
    name: string;
    packageName?: string;
    nameStart: number;
    args: JinjaCall["args"];
    isCall: boolean;
  }
  const open: Open[] = [];
  const seen: Seen = { name: null, literal: null, isBlank: true };
  const current = (): Open | undefined => open.at(-1);
  for (let at = from; at < offset;) {
    const letter = text[at] ?? "";
    const isQuote = letter === "'" || letter === '"';
    if (isQuote && !(bare && open.length === 0)) {
      const end = endOfText(text, at, offset);
      const isClosed = end - at >= 2 && text[end - 1] === letter && end <= offset;
      const call = current();
      if (!isClosed) {
        if (text.slice(at, offset).includes("\n")) return null;
        return call?.isCall
          ? { kind: "text", call, index: call.args.length, start: at + 1, quote: letter }
          : null;
      }
      seen.literal = { text: text.slice(at + 1, end - 1), start: at + 1, end: end - 1 };
      seen.isBlank = false;
      seen.name = null;
      at = end;
      continue;
    }
    if (identifierStart.test(letter)) {
      const { names, end } = dottedName(text, at, offset);
      const isWord = names.length === 1 && end < offset && keywords.has(names[0] ?? "");
      seen.name = isWord ? null : { names, start: at, end };
      seen.literal = null;
      seen.isBlank = false;
      at = end;
      continue;
    }
    const call = current();
    if ("([{".includes(letter)) {
      const isCall = letter === "(" && seen.name !== null && seen.name.names.length <= 2;
      const [packageName] = seen.name?.names.length === 2 ? seen.name.names : [];
      open.push({
        name: seen.name?.names.at(-1) ?? "",
        ...(packageName !== undefined && { packageName }),
        nameStart: seen.name?.start ?? at,
        args: [],
        isCall,
      });
      seen.isBlank = true;
    } else if (")]}".includes(letter)) {
      open.pop();
      seen.isBlank = false;
    } else if (letter === "," && call) {
      call.args.push(seen.literal);
      seen.isBlank = true;
    } else if (letter.trim() !== "" && letter !== ".") seen.isBlank = false;
    if (letter.trim() !== "") seen.literal = null;
    // "dbt_utils." is a name that goes on.
    if (letter === "." && seen.name?.end === at)
      seen.name = { names: [...seen.name.names, ""], start: seen.name.start, end: at + 1 };
    else if (letter.trim() !== "") seen.name = null;
    at += 1;
  }
  const call = current();
  if (seen.isBlank && call?.isCall)
    return { kind: "argument", call, index: call.args.length, start: offset, quote: "" };
  if (bare) return null;
  if (seen.name && seen.name.end === offset && seen.name.names.length <= 2) {
    const [packageName] = seen.name.names.length === 2 ? seen.name.names : [];
    const start = offset - (seen.name.names.at(-1) ?? "").length;
    return { kind: "name", start, ...(packageName !== undefined && { packageName }) };
  }
  return seen.name || seen.literal || call ? null : { kind: "name", start: offset };
}
