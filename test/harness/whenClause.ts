/**
 * A `when` clause of package.json, read as VS Code reads it: `!` before `&&` before `||`, and parentheses. A comparison
 * (`a == b`, `a =~ /b/`) is one fact that holds or does not.
 * @throws Error for one that VS Code would drop with a line in its own log
 */
export interface WhenClause {
  /** The facts it asks for. */
  readonly facts: readonly string[];
  /** The context keys it asks for: the left sides. */
  readonly keys: readonly string[];
  holds(given: ReadonlySet<string>): boolean;
}

type Test = (given: ReadonlySet<string>) => boolean;

const token = /\s*(&&|\|\||==|!=|=~|!|\(|\)|\/(?:\\.|[^/\\])+\/[a-z]*|'[^']*'|[^\s!&|()=]+)/y;

export function whenClause(text: string): WhenClause {
  const tokens = tokensOf(text);
  const facts = new Set<string>();
  const keys = new Set<string>();

  const either = (): Test => {
    const parts = [both()];
    while (tokens[0] === "||") {
      tokens.shift();
      parts.push(both());
    }
    return (given) => parts.some((part) => part(given));
  };
  const both = (): Test => {
    const parts = [one()];
    while (tokens[0] === "&&") {
      tokens.shift();
      parts.push(one());
    }
    return (given) => parts.every((part) => part(given));
  };
  const one = (): Test => {
    const first = tokens.shift();
    if (first === "!") {
      const negated = one();
      return (given) => !negated(given);
    }
    if (first === "(") {
      const inner = either();
      if (tokens.shift() !== ")") throw new Error(`A parenthesis is not closed: ${text}`);
      return inner;
    }
    if (first === undefined || /^[&|=)/]/.test(first)) throw new Error(`Not a clause: ${text}`);
    if (first === "true" || first === "false") return () => first === "true";
    keys.add(first);
    const operator = /^[=!][=~]$/.test(tokens[0] ?? "") ? tokens.shift() : undefined;
    const fact = operator ? `${first} ${operator.replace("!", "=")} ${tokens.shift()}` : first;
    facts.add(fact);
    return (given) => given.has(fact) === (operator !== "!=");
  };

  const test = either();
  if (tokens.length > 0) throw new Error(`Nothing can follow ${tokens[0]}: ${text}`);
  return { facts: [...facts], keys: [...keys], holds: test };
}

/** Whether there is a state of the editor in which both hold; facts are taken to be independent of each other. */
export function canBothHold(one: WhenClause, other: WhenClause): boolean {
  const facts = [...new Set([...one.facts, ...other.facts])];
  return Array.from({ length: 2 ** facts.length }, (_, bits) => bits).some((bits) => {
    const given = new Set(facts.filter((_, index) => (bits >> index) & 1));
    return one.holds(given) && other.holds(given);
  });
}

function tokensOf(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (!match?.[1]) throw new Error(`Cannot be read from ${text.slice(at)}`);
    found.push(match[1]);
  }
  return found;
}
