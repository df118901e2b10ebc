import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from "yaml";
import type { RuntimeName } from "../../protocol/runtime.ts";

/**
 * The text of a manifest.yaml that chooses a runtime: only the choice itself is other than before, so comments, order and
 * line ends stay. Both forms are understood (`plugins.dbt_runtime`, `plugins.dbt.type`).
 * @param before the file's text; null where there is none yet
 * @returns the new text, or in words why it cannot be made
 */
export function withRuntime(
  before: string | null,
  runtime: RuntimeName,
): { text: string } | { refused: string } {
  const text = before ?? "";
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const document = parseDocument(text, { version: "1.1", uniqueKeys: false });
  if (document.errors.length > 0) return { refused: "it is not valid YAML; mend it first" };
  const root: unknown = document.contents;
  if (root === null || text.trim() === "") return { text: appended(text, eol, runtime) };
  if (!isMap(root)) return { refused: "it is not a mapping of keys and values" };
  const plugins = pairOf(root, "plugins");
  if (!plugins) return { text: appended(text, eol, runtime) };
  if (!isMap(plugins.value)) {
    const isEmpty = !plugins.value || (isScalar(plugins.value) && plugins.value.value === null);
    if (!isEmpty) return { refused: '"plugins" in it is not a mapping' };
    const at = endOfLine(text, rangeOf(plugins.key)[1]);
    return { text: `${text.slice(0, at)}${eol}  dbt_runtime: ${runtime}${text.slice(at)}` };
  }

  const chosen = pairOf(plugins.value, "dbt_runtime");
  const form = pairOf(plugins.value, "dbt");
  if (chosen) {
    if (form && isMap(form.value)) return { refused: "it chooses in two places, dbt_runtime and dbt.type" };
    return { text: replaced(text, chosen, runtime) };
  }
  if (form && isMap(form.value)) {
    const config = pairOf(form.value, "config");
    const type = pairOf(form.value, "type");
    if (config && isMap(config.value) && config.value.items.length > 0) {
      return {
        refused:
          "its plugins.dbt.config belongs to the present environment. Move it to plugins.dbt_runtime_config and name the environment in plugins.dbt_runtime",
      };
    }
    if (type) return { text: replaced(text, type, runtime) };
  }
  return { text: inserted(text, eol, plugins.value, runtime) };
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

function rangeOf(node: unknown): [number, number] {
  const range = isScalar(node) || isMap(node) ? node.range : null;
  return range ? [range[0], range[1]] : [0, 0];
}

function replaced(text: string, pair: Pair, runtime: string): string {
  const [from, to] = rangeOf(pair.value);
  if (to > from) return text.slice(0, from) + runtime + text.slice(to);
  // `dbt_runtime:` without a value.
  const colon = text.indexOf(":", rangeOf(pair.key)[1]);
  return `${text.slice(0, colon + 1)} ${runtime}${text.slice(colon + 1)}`;
}

/** Before the first plugin, as far in as it is. */
function inserted(text: string, eol: string, plugins: YAMLMap, runtime: string): string {
  if (plugins.flow) {
    const at = rangeOf(plugins)[0] + 1;
    const more = plugins.items.length > 0 ? ", " : "";
    return `${text.slice(0, at)}dbt_runtime: ${runtime}${more}${text.slice(at)}`;
  }
  const [first] = rangeOf(plugins.items[0]?.key);
  const line = text.lastIndexOf("\n", first - 1) + 1;
  const indent = text.slice(line, first);
  return `${text.slice(0, line)}${indent}dbt_runtime: ${runtime}${eol}${text.slice(line)}`;
}

function appended(text: string, eol: string, runtime: string): string {
  const before = text === "" || text.endsWith("\n") ? text : `${text}${eol}`;
  return `${before}plugins:${eol}  dbt_runtime: ${runtime}${eol}`;
}

function endOfLine(text: string, from: number): number {
  const at = text.slice(from).search(/\r?\n/);
  return at < 0 ? text.length : from + at;
}
