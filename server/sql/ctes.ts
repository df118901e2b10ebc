import { type Token, tokensOf } from "./lexer.ts";

/** A common table expression of a text: `name [(columns)] as [[not] materialized] ( body )`. Offsets are UTF-16. */
export interface Cte {
  /** As it is written, with its quotes. */
  name: string;
  start: number;
  /** After the closing bracket. */
  end: number;
  /** 0 for those of the query itself; more for those of a `with` in brackets. */
  depth: number;
  scope: Scope;
}

/** One `with`, and what is known where it stands. */
interface Scope {
  /** Offset after `with`, or after `recursive`. */
  listStart: number;
  withStart: number;
  recursive: boolean;
  ctes: Cte[];
  /** The `with` around it, and how many of its expressions come before this one. */
  outer: Scope | null;
  outerCount: number;
}

/** Deeper brackets than this are passed over; no person wrote them. */
const deepest = 200;

/** Every CTE whose name is written out and that stands in no loop, in the order of their names. Never throws. */
export function ctesOf(text: string): Cte[] {
  return new Finder(text).find().toSorted((a, b) => a.start - b.start);
}

/** The innermost CTE that holds an offset. */
export function cteAt(ctes: readonly Cte[], offset: number): Cte | null {
  return ctes.findLast((cte) => cte.start <= offset && offset <= cte.end) ?? null;
}

/** The CTE of a name, the nearest to `offset` where there are several. Quotes and case are as a person would type them. */
export function cteNamed(ctes: readonly Cte[], name: string, offset = 0): Cte | null {
  const wanted = plainName(name);
  const found = ctes.filter((cte) => plainName(cte.name) === wanted);
  return found.toSorted((a, b) => Math.abs(a.start - offset) - Math.abs(b.start - offset))[0] ?? null;
}

export function plainName(name: string): string {
  return name.replace(/^["`]|["`]$/g, "").toLowerCase();
}

/**
 * The query that gives the rows of a CTE, still with Jinja: all that the text says until the CTE's end, and a select from
 * it. Of a `with` in brackets only what it can see is taken along, and the Jinja statements before it.
 */
export function cteQuery(text: string, cte: Cte): string {
  const statements = tokensOf(text).filter((token) => token.kind === "statement");
  const before = statements.filter((token) => token.end <= cte.end);
  const open = openBlocks(before);
  const unwrapped = open.filter(({ keyword }) => keyword === "snapshot");
  let head = cte.depth === 0 ? text.slice(0, cte.end) : visibleFrom(text, cte, before);
  // The tag's line stays, so that lines are the same as in the text.
  for (const { start, end } of unwrapped) {
    const tag = text.slice(start, end);
    head = head.replace(tag, () => "\n".repeat(tag.split("\n").length - 1));
  }
  const closing = open
    .filter((block) => !unwrapped.includes(block))
    .toReversed()
    .map(({ keyword }) => `\n{% end${keyword} %}`);
  return `${head}${closing.join("")}\nselect * from ${cte.name}`;
}

function openBlocks(statements: readonly (Token & { kind: "statement" })[]): (Token & { keyword: string })[] {
  const open: (Token & { keyword: string })[] = [];
  for (const statement of statements) {
    const { keyword } = statement;
    if (["if", "for", "filter", "snapshot", "block", "autoescape", "with"].includes(keyword)) {
      open.push(statement);
    } else if (keyword.startsWith("end") && open.at(-1)?.keyword === keyword.slice(3)) open.pop();
  }
  return open;
}

/** Statements of Jinja, and in place of every query around it the CTEs that this one can see, as one list. */
function visibleFrom(text: string, cte: Cte, statements: readonly Token[]): string {
  const lists: { from: number; to: number }[] = [];
  let recursive = false;
  let first = cte.scope.withStart;
  for (
    let scope: Scope | null = cte.scope, count = scope.ctes.indexOf(cte) + 1;
    scope;
    count = scope.outerCount, scope = scope.outer
  ) {
    const last = scope.ctes[count - 1];
    recursive ||= scope.recursive;
    if (last) {
      lists.unshift({ from: scope.listStart, to: last.end });
      first = scope.withStart;
    }
  }
  const parts: string[] = [];
  const statementsIn = (from: number, to: number): string[] =>
    statements
      .filter((token) => token.start >= from && token.end <= to)
      .map((token) => text.slice(token.start, token.end));
  parts.push(...statementsIn(0, first), recursive ? "with recursive" : "with");
  let done = first;
  for (const [index, { from, to }] of lists.entries()) {
    if (index > 0) parts.push(...statementsIn(done, from), ",");
    parts.push(text.slice(from, to));
    done = to;
  }
  return parts.join("\n");
}

class Finder {
  readonly #text: string;
  readonly #tokens: Token[];
  readonly #found: Cte[] = [];
  /** How many loops are open before each token. */
  readonly #loops: number[];

  constructor(text: string) {
    this.#text = text;
    this.#tokens = withoutOtherBranches(tokensOf(text));
    let loops = 0;
    this.#loops = this.#tokens.map((token) => {
      if (token.kind === "statement" && token.keyword === "for") loops += 1;
      if (token.kind === "statement" && token.keyword === "endfor") loops = Math.max(0, loops - 1);
      return loops;
    });
  }

  find(): Cte[] {
    let at = 0;
    // A bracket too many ends a query; what comes after it is looked at as another one.
    while (at < this.#tokens.length) at = this.#query(at, 0, null, 0);
    return this.#found;
  }

  /** Reads a query from its first token to after the bracket that ends it, or to the end. */
  #query(from: number, depth: number, around: Scope | null, aroundCount: number): number {
    let scope = around;
    let count = aroundCount;
    let at = from;
    while (at < this.#tokens.length) {
      if (this.#isSign(at, ")")) return at + 1;
      if (this.#isSign(at, "(")) at = this.#brackets(at, depth, scope, count);
      else if (this.#isWord(at, "with")) {
        const list = this.#withList(at, depth, scope, count);
        at = list.next;
        if (list.scope) {
          scope = list.scope;
          count = scope.ctes.length;
        }
      } else at += 1;
    }
    return at;
  }

  #brackets(open: number, depth: number, scope: Scope | null, count: number): number {
    return depth < deepest ? this.#query(open + 1, depth + 1, scope, count) : this.#skipBrackets(open);
  }

  #withList(
    at: number,
    depth: number,
    outer: Scope | null,
    outerCount: number,
  ): { next: number; scope?: Scope } {
    const recursive = this.#isWord(at + 1, "recursive") && !this.#isWord(at + 2, "as");
    const keyword = recursive ? at + 1 : at;
    const scope: Scope = {
      withStart: this.#tokens[at]?.start ?? 0,
      listStart: this.#tokens[keyword]?.end ?? 0,
      recursive,
      ctes: [],
      outer,
      outerCount,
    };
    let next = keyword + 1;
    let known = false;
    for (;;) {
      while (this.#kind(next) === "statement" || this.#isSign(next, ",")) next += 1;
      const end = this.#definition(next, depth, scope);
      if (end !== null) {
        next = end;
        known = true;
      } else if (this.#kind(next) === "expression") next += 1;
      else return known || scope.ctes.length > 0 ? { next, scope } : { next: keyword + 1 };
    }
  }

  /** @returns the token after the definition, or null where there is none */
  #definition(from: number, depth: number, scope: Scope): number | null {
    const first = this.#tokens[from];
    if (!first || !this.#isNamePart(from)) return null;
    let at = from + 1;
    while (this.#isNamePart(at) && this.#tokens[at]?.start === this.#tokens[at - 1]?.end) at += 1;
    const last = this.#tokens[at - 1];
    const isWritten = at === from + 1 && first.kind !== "expression";
    if (this.#isSign(at, "(")) at = this.#skipBrackets(at);
    if (!this.#isWord(at, "as")) return null;
    at += 1;
    if (this.#isWord(at, "not")) at += 1;
    if (this.#isWord(at, "materialized")) at += 1;
    while (this.#kind(at) === "statement") at += 1;
    if (!this.#isSign(at, "(") || !last) return null;
    const next = this.#brackets(at, depth, scope, scope.ctes.length);
    const close = this.#tokens[next - 1];
    const isClosed = close?.kind === "sign" && close.sign === ")" && next - 1 > at;
    if (isWritten && isClosed && this.#loops[from] === 0) {
      const name = this.#text.slice(first.start, last.end);
      const cte: Cte = { name, start: first.start, end: close.end, depth, scope };
      scope.ctes.push(cte);
      this.#found.push(cte);
    }
    return next;
  }

  /** @returns the token after the bracket that closes the one at `open` */
  #skipBrackets(open: number): number {
    let depth = 0;
    for (let at = open; at < this.#tokens.length; at += 1) {
      if (this.#isSign(at, "(")) depth += 1;
      if (this.#isSign(at, ")")) depth -= 1;
      if (depth === 0) return at + 1;
    }
    return this.#tokens.length;
  }

  #isNamePart(at: number): boolean {
    const kind = this.#kind(at);
    if (kind === "quoted" || kind === "expression") return true;
    return kind === "word" && !["select", "as", "from"].includes(this.#word(at));
  }

  #kind(at: number): Token["kind"] | undefined {
    return this.#tokens[at]?.kind;
  }

  #word(at: number): string {
    const token = this.#tokens[at];
    return token?.kind === "word" ? this.#text.slice(token.start, token.end).toLowerCase() : "";
  }

  #isWord(at: number, wanted: string): boolean {
    return this.#word(at) === wanted;
  }

  #isSign(at: number, wanted: string): boolean {
    const token = this.#tokens[at];
    return token?.kind === "sign" && token.sign === wanted;
  }
}

/**
 * Of `{% if %} ( {% else %} ( {% endif %}` only one bracket is rendered: those of the other branches that are not closed
 * within their branch are left out, so that brackets match.
 */
function withoutOtherBranches(tokens: readonly Token[]): Token[] {
  const dropped = new Set<Token>();
  const branches: { first: boolean; unmatched: Token[] }[] = [];
  const endBranch = (): void => {
    const branch = branches.at(-1);
    if (!branch) return;
    if (!branch.first) for (const token of branch.unmatched) dropped.add(token);
    else branches.at(-2)?.unmatched.push(...branch.unmatched);
    branch.unmatched = [];
  };
  for (const token of tokens) {
    const unmatched = branches.at(-1)?.unmatched;
    if (token.kind === "sign" && unmatched) {
      if (token.sign === "(") unmatched.push(token);
      else if (token.sign === ")") {
        const open = unmatched.at(-1);
        if (open?.kind === "sign" && open.sign === "(") unmatched.pop();
        else unmatched.push(token);
      }
    }
    if (token.kind !== "statement") continue;
    if (token.keyword === "if") branches.push({ first: true, unmatched: [] });
    else if (token.keyword === "else" || token.keyword === "elif") {
      endBranch();
      const branch = branches.at(-1);
      if (branch) branch.first = false;
    } else if (token.keyword === "endif") {
      endBranch();
      branches.pop();
    }
  }
  return tokens.filter((token) => !dropped.has(token));
}
