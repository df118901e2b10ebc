import {
  isMap,
  isScalar,
  LineCounter,
  parseAllDocuments,
  Scalar,
  type Document,
  type Node,
  type ScalarTag,
  type Tags,
} from "yaml";
import type { Range } from "vscode-languageserver-protocol";
import type { ConfigProblem } from "./configProblem.ts";
import { yamlMistakes } from "./yamlMistakes.ts";
import { keyName, nodeAt, type YamlPath } from "./yamlNodes.ts";

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
        // The parser compares each key with all others; yamlMistakes finds equal ones in one pass.
        uniqueKeys: false,
      }),
    ];
  } catch {
    // Only nesting that overflows the stack gets here: everything else is an entry of `errors`.
    return unreadableYaml(filePath, "yaml-syntax", "This file is nested too deeply to be read.", text);
  }
  const document = documents[0];
  const data = document ? plainData(document) : { value: null, whole: true };
  const problems = yamlMistakes(documents, data.whole).map(
    ({ start, end, severity, message }): ConfigProblem => {
      const code = severity === "error" ? "yaml-syntax" : "yaml-duplicate-key";
      return { filePath, range: at(start, firstLineEnd(text, [start, end])), severity, code, message };
    },
  );

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
    value: data.value,
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
    // This parser reads a lone dot as a number.
    {
      tag: "tag:yaml.org,2002:str",
      default: true,
      identify: () => false,
      test: /^\.$/,
      resolve: (dot) => new Scalar(dot),
    } satisfies ScalarTag,
    ...tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:bool"),
  ];
}

/** One part that cannot be resolved (an unknown alias, or far too many of them) costs that part, not the file. */
function plainData(document: Document.Parsed): { value: unknown; whole: boolean } {
  try {
    return { value: document.toJS(), whole: true };
  } catch {
    if (!isMap(document.contents)) return { value: undefined, whole: false };
    const entries: [string, unknown][] = [];
    for (const pair of document.contents.items) {
      try {
        entries.push([keyName(pair), (pair.value as Node | null)?.toJS(document) ?? null]);
      } catch {
        continue;
      }
    }
    return { value: Object.fromEntries(entries), whole: false };
  }
}

function position(lines: LineCounter, offset: number): Range["start"] {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(0, line - 1), character: Math.max(0, col - 1) };
}

/** A list item may be a mapping of many lines: its first line is enough to underline. */
function firstLineEnd(text: string, [start = 0, end = 0]: readonly number[]): number {
  const length = text.slice(start, end).search(/[\r\n]/);
  return length === -1 ? end : start + length;
}
