import { describe, expect, test } from "vitest";
import { JsonDamage, visit } from "../../../server/manifest/jsonEntries.ts";

/** Everything that is found in a text which comes in pieces of so many bytes. */
function entriesOf(text: string, piece = 7): Record<string, unknown> {
  const bytes = Buffer.from(text);
  const found: Record<string, unknown> = {};
  let at = 0;
  visit(
    (target, offset) => {
      const count = bytes.copy(target, offset, at, Math.min(at + piece, at + target.length - offset));
      at += count;
      return count;
    },
    {
      wants: (section) => (section.startsWith("skip") ? null : section === "metadata" ? "whole" : "entries"),
      entry: (section, key, value) => {
        found[`${section}.${key}`] = value;
      },
    },
  );
  return found;
}

function damageOf(text: string): JsonDamage["kind"] | null {
  try {
    entriesOf(text);
    return null;
  } catch (error) {
    if (error instanceof JsonDamage) return error.kind;
    throw error;
  }
}

describe("the entries of a JSON file", () => {
  const value = {
    metadata: { version: "v12", list: [1, { a: "}" }] },
    nodes: {
      "model.a": { name: 'quote " brace } bracket ] backslash \\', nested: { deep: [[], {}, [{}]] } },
      "model.ä😀": { text: "ä😀\n\u0001", number: -1.5e3, no: null, yes: true },
      scalar: 7,
    },
    skipped: { "model.b": { name: "never\\" } },
    skippedList: [1, [2], "]"],
    results: [{ id: "a" }, "b", 3],
    empty: {},
    none: [],
  };
  const expected = {
    "metadata.": value.metadata,
    "nodes.model.a": value.nodes["model.a"],
    "nodes.model.ä😀": value.nodes["model.ä😀"],
    "nodes.scalar": 7,
    "results.0": { id: "a" },
    "results.1": "b",
    "results.2": 3,
  };

  test.each([1, 2, 3, 5, 64, 4096])("are found however the bytes come in: %d at a time", (piece) => {
    expect(entriesOf(JSON.stringify(value), piece)).toEqual(expected);
    expect(entriesOf(`\uFEFF ${JSON.stringify(value, null, 2)}\r\n`, piece)).toEqual(expected);
  });

  test("are found in what is larger than the buffer", () => {
    const long = "x\\".repeat(3 * 1024 * 1024);
    const found = entriesOf(JSON.stringify({ nodes: { a: { long }, b: 1 } }), 1024 * 1024);
    expect(found["nodes.a"]).toEqual({ long });
    expect(found["nodes.b"]).toBe(1);
  });

  test("a text that is cut off anywhere says so", () => {
    const whole = JSON.stringify(value);
    for (let length = 0; length < whole.length; length += 3) {
      expect(damageOf(whole.slice(0, length)), `cut after ${length}`).toBe("cutOff");
    }
  });

  test.each([
    "[]",
    "select 1",
    '{"nodes": {"a": {b}}}',
    '{"nodes": {"a" {}}}',
    '{"nodes": {a: 1}}',
    '{"a": 1]',
  ])("%s is not what is asked for", (text) => {
    expect(damageOf(text)).toBe("syntax");
  });
});
