import type { YamlPath } from "./yamlNodes.ts";

/** What `{{ env_var('NAME', 'default') }}` in a value of dbt_project.yml or profiles.yml comes to. */
export interface RenderedText {
  /** null where the text needs more of Jinja than env_var: only dbt knows its value. */
  text: string | null;
  /** Variables that are not set and have no default, where it is certain that dbt asks for them. */
  missing: string[];
  /** Every variable named, set or not. */
  names: string[];
}

/**
 * `{{ env_var('NAME'[, default]) | filters }}`, the whole expression. Anything else in Jinja (a condition, a var) may never
 * ask for the variable, so it is left alone.
 */
const expression =
  /\{\{-?\s*env_var\(\s*(?<quote>['"])(?<name>.*?)\k<quote>\s*(?:,\s*(?:default\s*=\s*)?(?:'(?<single>[^']*)'|"(?<double>[^"]*)"|(?<bare>[\w.-]+))\s*)?\)\s*(?<filters>(?:\|\s*\w+\s*)*)-?\}\}/g;

/** Filters that leave the text of a value as it is. */
const harmless = new Set(["as_text", "as_native", "as_number", "as_bool", "int", "float", "string"]);

export function hasJinja(text: string): boolean {
  return /\{\{|\{%|\{#/.test(text);
}

export function renderEnvVars(text: string, env: NodeJS.ProcessEnv): RenderedText {
  const missing: string[] = [];
  const names: string[] = [];
  const rendered = text.replace(expression, (...match) => {
    const groups = match.at(-1) as Record<string, string | undefined>;
    const name = groups["name"] ?? "";
    const bare = groups["bare"];
    const fallback =
      groups["single"] ?? groups["double"] ?? (bare?.toLowerCase() === "none" ? undefined : bare);
    names.push(name);
    const value = environmentValue(env, name) ?? fallback;
    if (value === undefined) missing.push(name);
    const filters = (groups["filters"] ?? "").split("|").map((filter) => filter.trim());
    const changed = filters.some((filter) => filter !== "" && !harmless.has(filter));
    // What is left as it was is Jinja, and so makes the whole text unknown below.
    return value === undefined || changed ? match[0] : value;
  });
  // A value that itself looks like Jinja is rare enough to be called unknown.
  return { text: !hasJinja(rendered) ? rendered : null, missing, names };
}

/** Names of environment variables do not tell upper from lower case on Windows. */
export function environmentValue(
  env: NodeJS.ProcessEnv,
  name: string,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  if (platform !== "win32" || env[name] !== undefined) return env[name];
  const key = Object.keys(env).find((candidate) => candidate.toUpperCase() === name.toUpperCase());
  return key === undefined ? undefined : env[key];
}

/**
 * An option of dbt in the environment: the newer name first, and an empty value counts as unset, as in dbt.
 * @param name without its prefix, such as "PROFILES_DIR"
 */
export function dbtOption(
  env: NodeJS.ProcessEnv,
  name: string,
): { value: string; variable: string } | undefined {
  for (const variable of [`DBT_ENGINE_${name}`, `DBT_${name}`]) {
    const value = environmentValue(env, variable);
    if (value) return { value, variable };
  }
  return undefined;
}

/** Every text of a value with its path. YAML's aliases can make a value contain itself, so each part is visited once. */
export function* textsIn(value: unknown, path: YamlPath = []): Generator<{ text: string; path: YamlPath }> {
  const seen = new Set<unknown>();
  const waiting: { value: unknown; path: YamlPath }[] = [{ value, path }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (typeof next.value === "string") yield { text: next.value, path: next.path };
    if (next.value === null || typeof next.value !== "object" || seen.has(next.value)) continue;
    seen.add(next.value);
    const children = Array.isArray(next.value) ? [...next.value.entries()] : Object.entries(next.value);
    for (const [key, child] of children) waiting.push({ value: child, path: [...next.path, key] });
  }
}
