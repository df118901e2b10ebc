import { readFile } from "node:fs/promises";
import path from "node:path";
import { foldersUpTo } from "../platform/paths.ts";

/** Excluding a rule in the SQLFluff configuration that is in force for a file. */

export interface ConfigChange {
  filePath: string;
  /** Text of the file now; null where it has to be made. */
  current: string | null;
  changed: string;
}

/** Where SQLFluff looks, in each folder, in the order in which the later one wins. */
const iniNames = ["setup.cfg", "tox.ini", "pep8.ini", ".sqlfluff"];
const tomlName = "pyproject.toml";

/**
 * The change that adds `rule` to `exclude_rules`. The nearest file with such a list is the one in force, since a nearer
 * list replaces a farther one; without a list it goes into the nearest configuration, and without any into a new
 * .sqlfluff in the project, which then has to name the templater and dialect that were taken for granted before.
 * @param textOf unsaved text of a file that is open
 */
export async function excludeRule(
  rule: string,
  filePath: string,
  options: {
    projectDir: string;
    topDir: string;
    adapterType: string | null;
    textOf: (filePath: string) => string | undefined;
  },
): Promise<ConfigChange | null> {
  let nearest: { filePath: string; text: string } | null = null;
  for (const folder of foldersUpTo(path.dirname(filePath), options.topDir)) {
    for (const name of [tomlName, ...iniNames].reverse()) {
      const candidate = path.join(folder, name);
      const text = options.textOf(candidate) ?? (await readText(candidate));
      if (text === null || !hasSection(name, text)) continue;
      nearest ??= { filePath: candidate, text };
      if (hasList(name, text)) return change(candidate, text, rule);
    }
  }
  if (nearest) return change(nearest.filePath, nearest.text, rule);
  const lines = ["[sqlfluff]", "templater = dbt"];
  const dialect = options.adapterType === null ? undefined : dialectOf(options.adapterType);
  if (dialect !== undefined) lines.push(`dialect = ${dialect}`);
  lines.push(`exclude_rules = ${rule}`, "");
  return { filePath: path.join(options.projectDir, ".sqlfluff"), current: null, changed: lines.join("\n") };
}

/** SQLFluff's dialect for a dbt adapter, where the two have different names. */
const dialects: Record<string, string> = {
  spark: "sparksql",
  sqlserver: "tsql",
  fabric: "tsql",
  synapse: "tsql",
};

/** The adapters whose dialect has their own name. */
const namesakes = new Set(
  (
    "athena bigquery clickhouse databricks db2 doris duckdb exasol flink greenplum hive impala mariadb materialize " +
    "mysql oracle postgres redshift snowflake sqlite starrocks teradata trino vertica"
  ).split(" "),
);

export function dialectOf(adapterType: string): string {
  return dialects[adapterType] ?? (namesakes.has(adapterType) ? adapterType : "ansi");
}

function change(filePath: string, text: string, rule: string): ConfigChange | null {
  const changed = filePath.endsWith(".toml") ? withRuleInToml(text, rule) : withRuleInIni(text, rule);
  return changed === null || changed === text ? null : { filePath, current: text, changed };
}

const iniSection = /^\[sqlfluff\][ \t]*(?:[#;].*)?$/m;
const tomlSection = /^\[tool\.sqlfluff\.core\][ \t]*(?:#.*)?$/m;

function hasSection(name: string, text: string): boolean {
  return name === tomlName ? tomlSection.test(text) : iniSection.test(text);
}

function hasList(name: string, text: string): boolean {
  const section = sectionOf(text, name === tomlName ? tomlSection : iniSection);
  return section !== null && /^exclude_rules[ \t]*=/m.test(section.body);
}

/** Adds a rule to the `exclude_rules` of an INI file's `[sqlfluff]` section; everything else stays as it is. */
export function withRuleInIni(text: string, rule: string): string | null {
  const section = sectionOf(text, iniSection);
  if (!section) return null;
  const key = /^(exclude_rules[ \t]*=[ \t]*)(.*(?:\r?\n[ \t]+\S.*)*)/m.exec(section.body);
  if (!key) return insertAt(text, section.start, `exclude_rules = ${rule}`);
  const [whole, head = "", value = ""] = key;
  const rules = value
    .split(/[,\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== "" && item !== "None");
  if (rules.includes(rule)) return text;
  const joined = rules.length === 0 ? rule : `${value.trimEnd().replace(/,$/, "")}, ${rule}`;
  const at = section.start + key.index;
  return text.slice(0, at) + head + joined + text.slice(at + whole.length);
}

/** The same for `[tool.sqlfluff.core]` of a pyproject.toml, whose list is a string or an array. */
export function withRuleInToml(text: string, rule: string): string | null {
  const section = sectionOf(text, tomlSection);
  if (!section) return null;
  const key = /^(exclude_rules[ \t]*=[ \t]*)("[^"\n]*"|'[^'\n]*'|\[[^\]]*\])/m.exec(section.body);
  if (!key) {
    return /^exclude_rules\b/m.test(section.body)
      ? null
      : insertAt(text, section.start, `exclude_rules = "${rule}"`);
  }
  const [whole, head = "", value = ""] = key;
  const rules = [...value.matchAll(/[\w.*-]+/g)].map((match) => match[0]);
  if (rules.includes(rule)) return text;
  const inner = value.slice(1, -1).trimEnd().replace(/,$/, "");
  const item = value.startsWith("[") ? `"${rule}"` : rule;
  const list = inner.trim() === "" ? item : `${inner}, ${item}`;
  const changed = (value[0] ?? "") + list + value.slice(-1);
  const at = section.start + key.index;
  return text.slice(0, at) + head + changed + text.slice(at + whole.length);
}

/** The lines of a section: `start` is where its first line starts in `text`. */
function sectionOf(text: string, header: RegExp): { start: number; body: string } | null {
  const match = header.exec(text);
  if (!match) return null;
  const newline = text.indexOf("\n", match.index);
  const start = newline === -1 ? text.length : newline + 1;
  const rest = text.slice(start);
  const next = /^\[/m.exec(rest);
  return { start, body: next ? rest.slice(0, next.index) : rest };
}

function insertAt(text: string, offset: number, line: string): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const before = text.slice(0, offset);
  return `${before}${before === "" || before.endsWith("\n") ? "" : eol}${line}${eol}${text.slice(offset)}`;
}

async function readText(filePath: string): Promise<string | null> {
  try {
    return await readFile(filePath, "utf8");
  } catch {
    // Absent or unreadable: SQLFluff passes over it too.
    return null;
  }
}
