import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair, type YAMLMap } from "yaml";

/** Keys from the root of a file: names of mappings, indexes of lists. */
export type YamlPath = readonly (string | number)[];

/** The value at a path, aliases and merge keys followed, and the node that names it: its key in a mapping, itself in a list. */
export function nodeAt(
  document: Document.Parsed,
  root: unknown,
  path: YamlPath,
): { value: unknown; place: Node | undefined } | undefined {
  let found: { value: unknown; place: Node | undefined } = { value: root, place: undefined };
  for (const step of path) {
    const parent = resolved(document, found.value);
    if (isMap(parent)) {
      const pair = pairOf(document, parent, String(step));
      if (!pair) return undefined;
      found = { value: pair.value, place: pair.key as Node };
    } else if (isSeq(parent) && typeof step === "number" && parent.items[step]) {
      const item = parent.items[step] as Node;
      found = { value: item, place: item };
    } else {
      return undefined;
    }
  }
  return { value: resolved(document, found.value), place: found.place };
}

/** The last pair of that name, else one that a merge key (`<<: *other`) brings in. */
function pairOf(document: Document.Parsed, map: YAMLMap, name: string, depth = 0): Pair | undefined {
  const own = map.items.findLast((pair) => keyName(pair) === name);
  if (own || depth > 8) return own;
  for (const merge of map.items.filter((pair) => keyName(pair) === "<<")) {
    const source = resolved(document, merge.value);
    for (const each of isSeq(source) ? source.items : [source]) {
      const merged = resolved(document, each);
      const pair = isMap(merged) ? pairOf(document, merged, name, depth + 1) : undefined;
      if (pair) return pair;
    }
  }
  return undefined;
}

function resolved(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** A merge key's own value is a symbol; its source is "<<". */
export function keyName(pair: Pair): string {
  if (!isScalar(pair.key)) return "";
  return typeof pair.key.value === "symbol" ? "<<" : String(pair.key.value);
}
