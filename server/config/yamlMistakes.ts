import { isAlias, isScalar, Scalar, visit, type Document, type ErrorCode, type Node } from "yaml";
import { keyName } from "./yamlNodes.ts";

/** What is wrong with a file as YAML, by offsets into its text. */
export interface YamlMistake {
  start: number;
  end: number;
  /** A warning where dbt's own parser reads on. */
  severity: "error" | "warning";
  message: string;
}

/** One wrong quote may make an error of every line after it. */
const mostMistakes = 5;

/**
 * The syntax errors of a file, the first few of them, and the keys that stand twice. The messages are our own: the parser's
 * quote the text they stumble over, and in profiles.yml that may be a password.
 * @param whole whether all of the file's data could be had
 */
export function yamlMistakes(documents: readonly Document.Parsed[], whole: boolean): YamlMistake[] {
  const [document, second] = documents;
  if (!document) return [];
  const errors = documents.flatMap((each) => each.errors).slice(0, mostMistakes);
  const readable = !errors.some(({ code }) => code === "RESOURCE_EXHAUSTION");
  const syntax = errors.map(({ code, message, pos: [start, end] }): YamlMistake => {
    // An open bracket swallows what follows, and the parser minds where that stands.
    if (readable && code === "BAD_INDENT" && /^Flow (map|sequence) in block collection/.test(message)) {
      return { ...openBracket(document, start, end), severity: "error", message: unclosedBracket };
    }
    const quote = code === "MISSING_CHAR" ? unclosedQuote(document, start) : undefined;
    return quote
      ? { start: quote[0], end: quote[1], severity: "error", message: "This quote is never closed." }
      : { start, end, severity: "error", message: sentences[code] };
  });
  if (second) {
    const [start] = second.range;
    syntax.push({ start, end: start, severity: "error", message: sentences.MULTIPLE_DOCS });
  }
  const told = new Map(syntax.map((mistake) => [JSON.stringify(mistake), mistake]));
  const mistakes = [...told.values(), ...mistakesOfNames(document)];
  if (!whole && mistakes.length === 0) {
    mistakes.push({ start: 0, end: 0, severity: "error", message: sentences.RESOURCE_EXHAUSTION });
  }
  return mistakes;
}

/** The quoted text that runs to the place where its end is missed, which may be far below the quote to mend. */
function unclosedQuote(document: Document.Parsed, missedAt: number): Node["range"] {
  let found: Node["range"];
  visit(document, {
    Scalar(_, { type, range }) {
      const quoted = type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE;
      if (quoted && range && range[0] < missedAt && range[1] >= missedAt) found = range;
    },
  });
  return found;
}

const unclosedBracket = "This bracket or brace is never closed.";

/** The innermost `[` or `{` whose text runs to the place where its end is missed. */
function openBracket(
  document: Document.Parsed,
  missedAt: number,
  end: number,
): Pick<YamlMistake, "start" | "end"> {
  let place = { start: missedAt, end };
  visit(document, {
    Collection(_, { flow, range }) {
      if (flow && range && range[0] < missedAt && range[1] >= missedAt) {
        place = { start: range[0], end: range[0] + 1 };
      }
    },
  });
  return place;
}

/** Keys that stand twice, and aliases of nothing: both come to light only where the names are compared. */
function mistakesOfNames(document: Document.Parsed): YamlMistake[] {
  const mistakes: YamlMistake[] = [];
  const anchors = new Set<string>();
  const say = (node: unknown, severity: YamlMistake["severity"], message: string) => {
    const [start, end] = (node as Node).range ?? [0, 0];
    mistakes.push({ start, end, severity, message });
  };
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) say(node, "error", sentences.BAD_ALIAS);
      } else if (node.anchor !== undefined) {
        anchors.add(node.anchor);
      }
    },
    Map(_, map) {
      if (map.anchor !== undefined) anchors.add(map.anchor);
      const names = new Set<string>();
      for (const pair of map.items) {
        const name = keyName(pair);
        if (isScalar(pair.key) && name !== "<<" && names.has(name)) {
          say(pair.key, "warning", sentences.DUPLICATE_KEY);
        }
        names.add(name);
      }
    },
  });
  return mistakes;
}

const sentences: Record<ErrorCode, string> = {
  ALIAS_PROPS: "An alias (`*name`) cannot have an anchor or a tag of its own.",
  BAD_ALIAS: "This alias (`*name`) is not valid: no anchor (`&name`) of that name stands before it.",
  BAD_COLLECTION_TYPE: "This tag does not fit the kind of value that follows it.",
  BAD_DIRECTIVE: "A line that starts with `%` is a YAML directive, and this is none that exists.",
  BAD_DQ_ESCAPE:
    "This escape does not exist in a double-quoted text. Write `\\\\` for a backslash, or use single quotes.",
  BAD_INDENT: "The indentation is not consistent here: keys of one mapping start in the same column.",
  BAD_PROP_ORDER: "Anchors and tags stand before the indicator, not after it.",
  BAD_SCALAR_START: "A text cannot start with this character. Put the text in quotes.",
  BLOCK_AS_IMPLICIT_KEY:
    "Mappings cannot be nested on one line. Put quotes around a value that contains `: `.",
  BLOCK_IN_FLOW: "Block style is not allowed within `[ ]` or `{ }`.",
  DUPLICATE_KEY: "This key stands twice in one mapping; only the last one counts.",
  IMPOSSIBLE: "This is not valid YAML.",
  KEY_OVER_1024_CHARS: "This key is longer than 1024 characters. A quote or colon may be missing.",
  MISSING_CHAR: "Something is missing here: a closing quote, bracket or brace, a comma, a colon or a space.",
  MULTILINE_IMPLICIT_KEY: "A key must stand on one line. A colon or a quote may be missing.",
  MULTIPLE_ANCHORS: "A value can have one anchor only.",
  MULTIPLE_DOCS: "This file holds more than one YAML document. Remove the `---` between them.",
  MULTIPLE_TAGS: "A value can have one tag only.",
  NON_STRING_KEY: "A key must be a text.",
  RESOURCE_EXHAUSTION: "This file is nested too deeply, or repeats itself too often, to be read.",
  TAB_AS_INDENT: "YAML does not allow tabs as indentation. Use spaces.",
  TAG_RESOLVE_FAILED: "This tag is not known.",
  UNEXPECTED_TOKEN:
    "This is not expected here. A quote, colon or line break before it may be missing or too many.",
};
