/** The variables of dbt_project.yml: under the package's name, else under `vars` itself. */
export function variableOf(
  vars: Record<string, unknown>,
  packageName: string,
  name: string,
): { keys: string[]; value: unknown } | null {
  const scope = scopeOf(vars[packageName]);
  if (Object.hasOwn(scope, name)) return { keys: ["vars", packageName, name], value: scope[name] };
  return Object.hasOwn(vars, name) ? { keys: ["vars", name], value: vars[name] } : null;
}

/** Names of the variables of all packages, and of those of this one. */
export function variableNames(vars: Record<string, unknown>, packageName: string): string[] {
  const ofAll = Object.keys(vars).filter((name) => Object.keys(scopeOf(vars[name])).length === 0);
  return [...new Set([...ofAll, ...Object.keys(scopeOf(vars[packageName]))])];
}

/** The paths of all keys that may be variables. */
export function variablePaths(vars: Record<string, unknown>): string[][] {
  return Object.entries(vars).flatMap(([name, value]) => [
    ...Object.keys(scopeOf(value)).map((each) => ["vars", name, each]),
    ["vars", name],
  ]);
}

/** The variables of one package, where a value is that. */
function scopeOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
