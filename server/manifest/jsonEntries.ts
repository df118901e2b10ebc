import { closeSync, openSync, readSync } from "node:fs";

/** The text is no JSON object, or ends before the object does. */
export class JsonDamage extends Error {
  /** - cutOff: the file ends too early, as one does that is being written; - syntax: what is there is not JSON */
  readonly kind: "cutOff" | "syntax";
  /** Byte of the file, from 0. */
  readonly at: number;

  constructor(kind: JsonDamage["kind"], at: number, message: string) {
    super(message);
    this.kind = kind;
    this.at = at;
  }
}

export interface EntryVisitor {
  /** How a key of the root object is wanted. What is not wanted is passed over without being parsed. */
  wants(section: string): "entries" | "whole" | null;
  /** One entry of an object, or one item of a list, whose key is then its index; `key` is "" for a whole value. */
  entry(section: string, key: string, value: unknown): void;
}

const chunkBytes = 4 * 1024 * 1024;
const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

/**
 * Walks a JSON file of the form `{section: {key: value, ...}, ...}` and parses each entry by itself. The file is read in
 * chunks and found its way through by bytes, so neither its size nor the longest string V8 can hold (512 MB) limits it,
 * and no more than one chunk and one entry is in memory. Reads synchronously: for a thread of its own.
 * @throws JsonDamage, or what the file system says
 */
export function visitJsonEntries(filePath: string, visitor: EntryVisitor): void {
  const file = openSync(filePath, "r");
  try {
    visit((target, offset) => readSync(file, target, offset, target.length - offset, null), visitor);
  } finally {
    closeSync(file);
  }
}

/** @param read fills a buffer from an offset on and tells how many bytes came; 0 at the end */
export function visit(read: (target: Buffer, offset: number) => number, visitor: EntryVisitor): void {
  let buffer = Buffer.allocUnsafe(chunkBytes);
  /** Bytes of the buffer that hold text, and how many of the file went before it. */
  let end = 0;
  let before = 0;
  let at = 0;
  /** Start of what must stay in the buffer: the string or value that is being read; -1 where that is nothing. */
  let kept = -1;

  /** Makes room, keeps what is being read, and reads on. @returns false at the end of the file */
  const more = (): boolean => {
    const from = kept === -1 ? at : kept;
    if (from > 0) {
      buffer.copyWithin(0, from, end);
      before += from;
      end -= from;
      at -= from;
      if (kept !== -1) kept = 0;
    }
    if (end === buffer.length) {
      const larger = Buffer.allocUnsafe(buffer.length * 2);
      buffer.copy(larger, 0, 0, end);
      buffer = larger;
    }
    const count = read(buffer, end);
    end += count;
    return count > 0;
  };
  const cutOff = (): JsonDamage =>
    new JsonDamage("cutOff", before + end, `it ends after ${before + end} bytes, in the middle of something`);
  const syntax = (what: string): JsonDamage =>
    new JsonDamage("syntax", before + at, `it is not JSON at byte ${before + at}: ${what}`);
  /** The next byte that is no white space, without taking it. */
  const peek = (): number => {
    for (;;) {
      for (; at < end; at++) {
        const byte = buffer[at] ?? 0;
        if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      }
      if (!more()) throw cutOff();
    }
  };
  const expect = (byte: number): void => {
    if (peek() !== byte) throw syntax(`"${String.fromCharCode(byte)}" is missing`);
    at += 1;
  };
  /** Passes over the string that begins here. */
  const passString = (): void => {
    at += 1;
    for (;;) {
      // Local copies: this loop sees every byte of the file.
      const bytes = buffer;
      const stop = end;
      let here = at;
      let byte = 0;
      while (here < stop) {
        byte = bytes[here] ?? 0;
        if (byte === quote) break;
        // An escape that is cut by the end of the chunk is looked at again with what follows.
        if (byte === backslash && here + 1 >= stop) break;
        here += byte === backslash ? 2 : 1;
      }
      at = here;
      if (here < stop && byte === quote) {
        at += 1;
        return;
      }
      if (!more()) throw cutOff();
    }
  };
  /** Passes over the value that begins here. */
  const passValue = (): void => {
    const first = peek();
    if (first === quote) {
      passString();
      return;
    }
    let depth = 0;
    for (;;) {
      while (at < end) {
        const byte = buffer[at];
        if (byte === quote) {
          passString();
          continue;
        }
        if (byte === openBrace || byte === openBracket) depth += 1;
        else if (byte === closeBrace || byte === closeBracket) {
          // The end of what the value stands in.
          if (depth === 0) return;
          depth -= 1;
          if (depth === 0) {
            at += 1;
            return;
          }
        } else if (depth === 0 && byte === comma) return;
        at += 1;
      }
      if (!more()) throw cutOff();
    }
  };
  const parsed = (pass: () => void): unknown => {
    peek();
    kept = at;
    pass();
    const text = buffer.toString("utf8", kept, at);
    const start = before + kept;
    kept = -1;
    try {
      return JSON.parse(text);
    } catch (error) {
      const why = error instanceof Error ? error.message.slice(0, 120) : "";
      throw new JsonDamage("syntax", start, `it is not JSON after byte ${start}: ${why}`);
    }
  };
  const key = (): string => {
    if (peek() !== quote) throw syntax("a name is missing");
    const name = parsed(passString);
    expect(colon);
    return typeof name === "string" ? name : "";
  };
  /** Calls `item` at each part of the object or list that begins here. */
  const parts = (last: number, item: (index: number) => void): void => {
    at += 1;
    if (peek() === last) {
      at += 1;
      return;
    }
    for (let index = 0; ; index += 1) {
      item(index);
      const next = peek();
      if (next !== last && next !== comma) throw syntax(`"," or "${String.fromCharCode(last)}" is missing`);
      at += 1;
      if (next === last) return;
    }
  };
  const entries = (section: string): void => {
    const first = peek();
    if (first === openBrace) parts(closeBrace, () => visitor.entry(section, key(), parsed(passValue)));
    else if (first === openBracket) {
      parts(closeBracket, (index) => visitor.entry(section, String(index), parsed(passValue)));
    } else passValue();
  };

  while (end < 3 && more());
  if (end >= 3 && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf) at = 3;
  if (peek() !== openBrace) throw syntax('"{" is missing');
  parts(closeBrace, () => {
    const section = key();
    const wanted = visitor.wants(section);
    if (wanted === "entries") entries(section);
    else if (wanted === "whole") visitor.entry(section, "", parsed(passValue));
    else passValue();
  });
}
