import type { PreviewFailure } from "../../protocol/run.ts";

/** What the server says of a preview that failed, besides its words. */
export function failureOf(error: unknown): PreviewFailure {
  const data: unknown = error instanceof Error && "data" in error ? error.data : undefined;
  if (data === null || typeof data !== "object") return {};
  const failure: PreviewFailure = {};
  if ("sql" in data && typeof data.sql === "string") failure.sql = data.sql;
  if ("line" in data && typeof data.line === "number") failure.line = data.line;
  return failure;
}
