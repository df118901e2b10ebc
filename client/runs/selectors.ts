/** How much around a selection is meant. */
export type Around = "only" | "parents" | "children" | "both";

/**
 * The selection with what is above it, below it or both, in dbt's graph operators. Of several parts, joined by spaces,
 * each gets them; what has an operator already keeps it.
 */
export function withAround(selector: string, around: Around): string {
  const parts = selector.split(/\s+/).filter(Boolean);
  return parts.map((part) => part.split(",").map(one).join(",")).join(" ");

  function one(part: string): string {
    const above = (around === "parents" || around === "both") && !/^(@|\d*\+)/.test(part);
    const below =
      (around === "children" || around === "both") && !/\+\d*$/.test(part) && !part.startsWith("@");
    return `${above ? "+" : ""}${part}${below ? "+" : ""}`;
  }
}

/** "orders", "orders with parents". */
export function titleAround(name: string, around: Around): string {
  switch (around) {
    case "only":
      return name;
    case "parents":
      return `${name} with parents`;
    case "children":
      return `${name} with children`;
    case "both":
      return `${name} with parents and children`;
  }
}

/** What several rows are called together: "orders and stg_orders", "orders and 3 more". */
export function titleOf(names: readonly string[]): string {
  const [first = "nothing", ...others] = names;
  if (others.length === 0) return first;
  return others.length === 1 ? `${first} and ${others[0]}` : `${first} and ${others.length} more`;
}

/**
 * Splits options as a shell would, so that a person can type them as on a command line: by spaces, with quotes for those
 * that hold some. Expands nothing. A value that follows its option in a word of its own stays one.
 * @throws an error for a person if a quote is not closed
 */
export function splitFlags(text: string): string[] {
  const flags: string[] = [];
  let current: string | undefined;
  let quote: string | undefined;
  for (const character of text) {
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else current = (current ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      current ??= "";
    } else if (/\s/.test(character)) {
      if (current !== undefined) flags.push(current);
      current = undefined;
    } else {
      current = (current ?? "") + character;
    }
  }
  if (quote !== undefined) throw new Error(`A quote is not closed: ${text}`);
  if (current !== undefined) flags.push(current);
  return flags;
}

/** The other way round, for editing them again. */
export function joinFlags(flags: readonly string[]): string {
  return flags.map((flag) => (/[\s'"]/.test(flag) || flag === "" ? quoted(flag) : flag)).join(" ");
}

const quoted = (text: string): string => (text.includes('"') ? `'${text}'` : `"${text}"`);

/**
 * What selects one node alone, in most projects: its name, with the version of a model that has several.
 * @param uniqueId such as "model.shop.orders.v2"
 */
export function selectorOf({ uniqueId, name }: { uniqueId: string; name: string }): string {
  const version = /^model\..*\.(v[^.]+)$/.exec(uniqueId)?.[1];
  return version === undefined || !uniqueId.endsWith(`.${name}.${version}`) ? name : `${name}.${version}`;
}
