import type { Remedy } from "../protocol/runtime.ts";

/** LSP's RequestCancelled and ServerCancelled. */
const cancelledCodes: readonly unknown[] = [-32800, -32802];

/** Whether `error` says only that somebody no longer wants the answer. */
export function isCancellation(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "Canceled" || ("code" in error && cancelledCodes.includes(error.code));
}

/** One line for a person, from whatever was thrown. */
export function errorMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim() === "" ? "Something went wrong, and no reason was given." : text.trim();
}

/** The action the language server proposes with an error: `ResponseError.data.remedy`. */
export function remedyOf(error: unknown): Remedy | undefined {
  const remedy = property(property(error, "data"), "remedy");
  const title = property(remedy, "title");
  const command = property(remedy, "command");
  if (typeof title !== "string" || typeof command !== "string") return undefined;
  const args = property(remedy, "arguments");
  return { title, command, ...(Array.isArray(args) ? { arguments: args as unknown[] } : {}) };
}

function property(value: unknown, key: string): unknown {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined;
}
