import type { ErrorCode } from "yaml";

/**
 * A sentence for each syntax error of the YAML parser. The parser's own messages quote the text they stumble over, and in
 * profiles.yml that may be a password.
 */
export function syntaxMessage(code: ErrorCode): string {
  return sentences[code];
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
