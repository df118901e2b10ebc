/**
 * The ADR's JSON is snake_case; our code is camelCase. Keys are converted at the one place where data leaves the process
 * for a person's tools. Values are left alone, and so is everything below a key named in `opaque` (free-form metadata).
 */
export function toSnakeCaseKeys(value: unknown, opaque: readonly string[] = ["metadata"]): unknown {
  if (Array.isArray(value)) return value.map((item) => toSnakeCaseKeys(item, opaque));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      opaque.includes(key) ? item : toSnakeCaseKeys(item, opaque),
    ]),
  );
}

/** The value that a text of another process, a file or a server is as JSON; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
