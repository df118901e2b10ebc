import type { Range } from "vscode-languageserver-protocol";
import { parseYaml } from "./yamlFile.ts";
import type { YamlPath } from "./yamlNodes.ts";

interface Test {
  path: YamlPath;
  /** Its own name, where it was given one. */
  name: string | null;
  /** How dbt begins the name it makes: "not_null_orders", "source_unique_raw_orders". */
  stem: string;
  /** What dbt's name goes on with, in an order of its own: the column, the arguments. */
  parts: string[];
}

/** Where the tests and unit tests of a schema file stand. Never throws. */
export interface TestPlaces {
  /**
   * @param name dbt's name of a test: "not_null_orders_id", or the one it was given
   * @returns the first line of its definition; null if it is not defined here
   */
  rangeOf(name: string): Range | null;
}

export function testPlaces(filePath: string, text: string): TestPlaces {
  const file = parseYaml(filePath, text);
  const tests = [...testsIn(file.value)];
  return {
    rangeOf(name) {
      const named = tests.find((test) => test.name === name);
      const found = named ?? mostLike(tests, name);
      return found ? file.rangeOfKey(found.path) : null;
    },
  };
}

/** dbt makes a name of the test's, the model's and all arguments'; which is which is known only by trying. */
function mostLike(tests: readonly Test[], name: string): Test | undefined {
  let best: { test: Test | undefined; score: number } = { test: undefined, score: 0 };
  for (const test of tests) {
    const rest = name.slice(test.stem.length);
    if (test.name !== null || !name.startsWith(test.stem) || (rest !== "" && !rest.startsWith("_"))) continue;
    const held = test.parts.filter((part) => rest.includes(part));
    const score = test.stem.length + held.reduce((sum, part) => sum + part.length, 0) - missing(test, held);
    if (score > best.score) best = { test, score };
  }
  return best.test;
}

/** An argument that is not in the name speaks against a test: half a letter each, for values that dbt writes differently. */
const missing = (test: Test, held: readonly string[]): number => (test.parts.length - held.length) / 2;

function* testsIn(root: unknown): Generator<Test> {
  for (const name of ["models", "seeds", "snapshots", "analyses"]) {
    for (const [entry, path] of section(root, name)) {
      yield* testsOf(entry, path, "", nameOf(entry) ?? "");
      for (const [version, versionPath] of listOf(entry["versions"], [...path, "versions"])) {
        yield* testsOf(version, versionPath, "", nameOf(entry) ?? "");
      }
    }
  }
  for (const [source, path] of section(root, "sources")) {
    for (const [table, tablePath] of listOf(source["tables"], [...path, "tables"])) {
      yield* testsOf(table, tablePath, "source_", `${nameOf(source) ?? ""}_${nameOf(table) ?? ""}`);
    }
  }
  for (const [entry, path] of section(root, "unit_tests")) {
    yield { path: [...path, "name"], name: nameOf(entry), stem: "", parts: [] };
  }
}

function* testsOf(entry: Entry, path: YamlPath, prefix: string, owner: string): Generator<Test> {
  yield* testsAt(entry, path, prefix, owner, null);
  for (const [column, columnPath] of listOf(entry["columns"], [...path, "columns"])) {
    yield* testsAt(column, columnPath, prefix, owner, nameOf(column));
  }
}

function* testsAt(
  entry: Entry,
  path: YamlPath,
  prefix: string,
  owner: string,
  column: string | null,
): Generator<Test> {
  for (const key of ["data_tests", "tests"]) {
    const list = entry[key];
    if (!Array.isArray(list)) continue;
    for (const [index, test] of (list as unknown[]).entries()) {
      const { generic, name, values } = readTest(test);
      if (generic === null) continue;
      yield {
        path: [...path, key, index],
        name,
        stem: `${prefix}${clean(generic)}_${owner}`,
        parts: [...(column === null ? [] : [column]), ...values].map(clean).filter((part) => part !== ""),
      };
    }
  }
}

const notArguments = new Set(["config", "name", "test_name", "description"]);

/** `unique`, `accepted_values: {values: [a]}`, or `{name: x, test_name: accepted_values, values: [a]}`. */
function readTest(test: unknown): { generic: string | null; name: string | null; values: string[] } {
  if (typeof test === "string") return { generic: test, name: null, values: [] };
  if (!isEntry(test)) return { generic: null, name: null, values: [] };
  const own = typeof test["test_name"] === "string" ? test["test_name"] : null;
  const [key] = Object.keys(test);
  const generic = own ?? key ?? null;
  const inner = own === null && key !== undefined ? test[key] : test;
  const options: Entry = isEntry(inner) ? inner : {};
  const name = nameOf(options) ?? (own === null ? nameOf(test) : null);
  const values = Object.entries(options).filter(([option]) => !notArguments.has(option));
  return { generic, name, values: values.flatMap(([, value]) => flat(value)) };
}

function flat(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(flat);
  if (isEntry(value)) return Object.values(value).flatMap(flat);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? [String(value)]
    : [];
}

/** As dbt writes a value in a test's name. */
const clean = (text: string): string => text.replace(/[^0-9a-zA-Z_]+/g, "_");

type Entry = Record<string, unknown>;
const isEntry = (value: unknown): value is Entry =>
  value !== null && typeof value === "object" && !Array.isArray(value);
const nameOf = (entry: Entry): string | null => (typeof entry["name"] === "string" ? entry["name"] : null);

function section(root: unknown, name: string): [Entry, YamlPath][] {
  return isEntry(root) ? listOf(root[name], [name]) : [];
}

function listOf(list: unknown, path: YamlPath): [Entry, YamlPath][] {
  if (!Array.isArray(list)) return [];
  return (list as unknown[]).flatMap((entry, index): [Entry, YamlPath][] =>
    isEntry(entry) ? [[entry, [...path, index]]] : [],
  );
}
