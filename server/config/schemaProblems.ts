import type * as z from "zod";
import { closestName } from "./closestName.ts";
import type { ConfigProblem } from "./configProblem.ts";
import type { YamlFile } from "./yamlFile.ts";
import type { YamlPath } from "./yamlNodes.ts";

/** What a schema could take from a file, and a problem for each value it could not. */
export interface Checked<Value> {
  /** The accepted values; undefined where nothing fits. */
  value: Value | undefined;
  problems: ConfigProblem[];
}

/**
 * Checks one part of a file. A wrong value costs that value, not its neighbours: it is taken out and the rest is tried
 * again.
 * @param at where in the file the value stands
 * @param accept values the schema refuses and the caller knows better about (unrendered Jinja); they are taken out in silence
 */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  file: YamlFile,
  at: YamlPath,
  value: unknown,
  accept: (value: unknown) => boolean = () => false,
): Checked<z.output<Schema>> {
  const problems: ConfigProblem[] = [];
  const told: YamlPath[] = [];
  let rest = value;
  for (let round = 0; round < 20; round += 1) {
    const result = schema.safeParse(rest);
    if (result.success) return { value: result.data, problems };
    for (const issue of deepestFirst(result.error.issues)) {
      const path = issue.path.filter((step) => typeof step !== "symbol");
      const wrong = valueAt(rest, path);
      // What is wrong around a value that was taken out in an earlier round is wrong because of that, and was said.
      const known =
        accept(wrong) || told.some((earlier) => path.every((step, index) => step === earlier[index]));
      if (!known) problems.push(problemOf(issue, file, [...at, ...path], wrong));
      told.push(path);
      rest = without(rest, path);
    }
    if (rest === undefined) break;
  }
  return { value: undefined, problems };
}

/** Warnings for keys a mapping of ours does not have, with the name that was probably meant. */
export function unknownKeys(
  file: YamlFile,
  at: YamlPath,
  value: unknown,
  known: readonly string[],
): ConfigProblem[] {
  if (!isRecord(value)) return [];
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const meant = closestName(key, known);
      return {
        filePath: file.filePath,
        range: file.rangeOfKey([...at, key]),
        severity: "warning",
        code: "unknown-key",
        message: `"${key}" is not known here. ${meant === undefined ? `Known: ${known.join(", ")}.` : `Did you mean "${meant}"?`}`,
      };
    });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Date);
}

function problemOf(issue: z.core.$ZodIssue, file: YamlFile, path: YamlPath, wrong: unknown): ConfigProblem {
  const key = path.filter((step) => typeof step === "string").at(-1);
  const range = wrong === undefined ? file.rangeOfKey(path) : file.rangeOfValue(path);
  // Unquoted, `{{ x }}` is a YAML mapping within a mapping.
  const unquoted = isRecord(wrong) && lineAt(file, range.start.line).includes("{{");
  const expectation = unquoted
    ? 'needs quotes around its Jinja: "{{ ... }}"'
    : wrong === undefined
      ? missing(issue)
      : expectationOf(issue);
  return {
    filePath: file.filePath,
    range,
    severity: "error",
    code: wrong === undefined ? "missing-key" : "invalid-value",
    message: `${key === undefined ? "This" : `"${key}"`} ${expectation}.`,
  };
}

function expectationOf(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("must ") || issue.message.startsWith("needs ")) return issue.message;
  if (issue.code === "invalid_type") return `must be ${kinds[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value") {
    return `must be ${issue.values.length > 1 ? "one of: " : ""}${issue.values.map(String).join(", ")}`;
  }
  if (issue.code === "too_small") {
    return `must be ${issue.inclusive === true ? "at least" : "more than"} ${issue.minimum}`;
  }
  return "has a value that is not allowed here";
}

function missing(issue: z.core.$ZodIssue): string {
  return issue.message.startsWith("must ") ? `is missing: it ${issue.message}` : "is missing";
}

const kinds: Record<string, string> = {
  string: "a text (in quotes, if it looks like a number or a date)",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of keys and values",
  record: "a mapping of keys and values",
};

function lineAt(file: YamlFile, line: number): string {
  return file.text.split(/\r?\n/)[line] ?? "";
}

/** Later items first, so that taking one out of a list does not move those still to be taken out. */
function deepestFirst(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  return issues.toReversed();
}

function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>((parent, step) => {
    if (Array.isArray(parent)) return parent[Number(step)] as unknown;
    return isRecord(parent) && Object.hasOwn(parent, step) ? parent[step] : undefined;
  }, value);
}

/** A copy of the value without what is at the path; without its parent where there is nothing at the path. */
function without(value: unknown, path: YamlPath): unknown {
  const [step, ...deeper] = path;
  if (step === undefined) return undefined;
  if (Array.isArray(value)) {
    const child = without(value[Number(step)], deeper);
    return child === undefined ? value.toSpliced(Number(step), 1) : value.with(Number(step), child);
  }
  if (!isRecord(value) || !Object.hasOwn(value, step)) return undefined;
  const child = without(value[step], deeper);
  const rest = Object.entries(value).filter(([key]) => key !== step);
  return Object.fromEntries(child === undefined ? rest : [...rest, [step, child]]);
}
