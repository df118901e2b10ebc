import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  Scalar,
  visit,
  type Document,
  type Node,
  type Pair,
  type ScalarTag,
  type Tags,
  type YAMLMap,
} from "yaml";
import type { Range } from "vscode-languageserver-protocol";
import type { ConfigProblem } from "./configProblem.ts";
import { syntaxMessage } from "./yamlSyntaxMessage.ts";

/** Keys from the root of a file: names of mappings, indexes of lists. */
export type YamlPath = readonly (string | number)[];

/** A YAML file as data, and where each part of it stands. */
export interface YamlFile {
  filePath: string;
  /** The text without its byte order mark; "" where it could not be read. */
  text: string;
  /** Plain data. Of a broken file, what could still be understood; undefined where that is nothing. */
  value: unknown;
  /** The file does not parse, so what seems to be missing in it may well be there. */
  broken: boolean;
  problems: ConfigProblem[];
  /** Where the key stands, or the nearest key above it that exists, or the file's first line. */
  rangeOfKey(path: YamlPath): Range;
  /** Where the value stands if it is a single value; otherwise its key. */
  rangeOfValue(path: YamlPath): Range;
  /** A single value exactly as written, without quotes: "1.10" for `1.10`, which as a number would be 1.1. */
  sourceOf(path: YamlPath): string | undefined;
}

/**
 * Parses YAML as dbt's own parser (PyYAML) reads it: YAML 1.1, merge keys, one document, the last of two equal keys wins.
 * Never throws.
 */
export function parseYaml(filePath: string, textWithMark: string): YamlFile {
  const text = textWithMark.replace(/^\uFEFF/, "");
  const lines = new LineCounter();
  const at = (start: number, end: number): Range => ({
    start: position(lines, start),
    end: position(lines, Math.max(start, end)),
  });
  const firstLine = (): Range => ({
    start: { line: 0, character: 0 },
    end: { line: 0, character: /^[^\r\n]*/.exec(text)?.[0].length ?? 0 },
  });

  let documents: Document.Parsed[];
  try {
    documents = [
      ...parseAllDocuments(text, {
        version: "1.1",
        customTags: withBooleansOfPyYaml,
        lineCounter: lines,
        prettyErrors: false,
        logLevel: "silent",
      }),
    ];
  } catch {
    // Only nesting that overflows the stack gets here: everything else is an entry of `errors`.
    return unreadableYaml(filePath, "yaml-syntax", "This file is nested too deeply to be read.", text);
  }
  const document = documents[0];
  const errors = documents.flatMap((each) => each.errors);
  const problems = errors.slice(0, mostProblems).map((error): ConfigProblem => {
    const quote = error.code === "MISSING_CHAR" ? unclosedQuote(document, error.pos[0]) : undefined;
    if (quote) {
      const message = "This quote is never closed.";
      return {
        filePath,
        range: at(quote[0], firstLineEnd(text, quote)),
        severity: "error",
        code: "yaml-syntax",
        message,
      };
    }
    // dbt takes the last of two equal keys and warns.
    const duplicate = error.code === "DUPLICATE_KEY";
    return {
      filePath,
      range: at(error.pos[0], duplicate ? endOfWord(text, error.pos[0]) : error.pos[1]),
      severity: duplicate ? "warning" : "error",
      code: duplicate ? "yaml-duplicate-key" : "yaml-syntax",
      message: syntaxMessage(error.code),
    };
  });
  const second = documents[1];
  if (second) {
    problems.push({
      filePath,
      range: at(second.range[0], second.range[0]),
      severity: "error",
      code: "yaml-syntax",
      message: "This file holds more than one YAML document. Remove the `---` between them.",
    });
  }

  const root = document?.contents ?? null;
  const locate = (path: YamlPath) => (document ? nodeAt(document, root, path) : undefined);
  const rangeOfKey = (path: YamlPath): Range => {
    for (let length = path.length; length > 0; length -= 1) {
      const place = locate(path.slice(0, length))?.place;
      if (place?.range) return at(place.range[0], firstLineEnd(text, place.range));
    }
    return firstLine();
  };

  return {
    filePath,
    text,
    value: document ? plainValue(document) : null,
    broken: problems.some((problem) => problem.severity === "error"),
    problems,
    rangeOfKey,
    rangeOfValue(path) {
      const value = locate(path)?.value;
      return isScalar(value) && value.range && value.range[1] > value.range[0]
        ? at(value.range[0], value.range[1])
        : rangeOfKey(path);
    },
    sourceOf(path) {
      const value = locate(path)?.value;
      return isScalar(value) ? (value.source ?? undefined) : undefined;
    },
  };
}

/** One wrong quote may make an error of every line after it. */
const mostProblems = 5;

/** The quoted text that runs to the place where its end is missed, far below the quote to mend. */
function unclosedQuote(document: Document.Parsed | undefined, missedAt: number) {
  let found: readonly [number, number, number] | undefined;
  if (!document) return undefined;
  visit(document, {
    Scalar(_, { type, range, source }) {
      const quoted = type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE;
      if (quoted && range && source !== undefined && range[0] < missedAt && range[1] >= missedAt)
        found = range;
    },
  });
  return found;
}

/** A file that is there and cannot be read as YAML at all; the problem stands on its first line. */
export function unreadableYaml(filePath: string, code: string, message: string, text = ""): YamlFile {
  const start = { line: 0, character: 0 };
  const range: Range = { start, end: start };
  return {
    filePath,
    text,
    value: undefined,
    broken: true,
    problems: [{ filePath, range, severity: "error", code, message }],
    rangeOfKey: () => range,
    rangeOfValue: () => range,
    sourceOf: () => undefined,
  };
}

/** PyYAML reads yes/no/on/off as booleans, and leaves the y and n of the YAML 1.1 text alone: a profile may be called "n". */
function withBooleansOfPyYaml(tags: Tags): Tags {
  const bool = (value: boolean, test: RegExp): ScalarTag => ({
    tag: "tag:yaml.org,2002:bool",
    default: true,
    identify: (candidate) => candidate === value,
    test,
    resolve: () => new Scalar(value),
  });
  return [
    bool(true, /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/),
    bool(false, /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/),
    ...tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:bool"),
  ];
}

/** One part that cannot be resolved (an unknown alias) costs that part, not the file. */
function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch {
    if (!isMap(document.contents)) return undefined;
    const entries: [string, unknown][] = [];
    for (const pair of document.contents.items) {
      try {
        entries.push([keyName(pair), (pair.value as Node | null)?.toJS(document) ?? null]);
      } catch {
        continue;
      }
    }
    return Object.fromEntries(entries);
  }
}

/** The value at a path, and the node that names it: its key in a mapping, itself in a list. */
function nodeAt(
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
function keyName(pair: Pair): string {
  if (!isScalar(pair.key)) return "";
  return typeof pair.key.value === "symbol" ? "<<" : String(pair.key.value);
}

function position(lines: LineCounter, offset: number): Range["start"] {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(0, line - 1), character: Math.max(0, col - 1) };
}

function endOfWord(text: string, start: number): number {
  return start + (/^[^\s:]*/.exec(text.slice(start, start + 1000))?.[0].length ?? 0);
}

/** A list item may be a mapping of many lines: its first line is enough to underline. */
function firstLineEnd(text: string, [start, end]: readonly [number, number, number]): number {
  const length = text.slice(start, end).search(/[\r\n]/);
  return length === -1 ? end : start + length;
}
