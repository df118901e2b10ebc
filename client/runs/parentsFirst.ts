import type { Remedy } from "../../protocol/runtime.ts";

/** In the words of DuckDB, PostgreSQL, Snowflake, BigQuery and Spark; none of which say which runtime sent the query. */
const missing =
  /\b(table|view|relation|object|schema|dataset)\b.*\b(does not exist|was not found)|(TABLE_OR_VIEW|SCHEMA)_NOT_FOUND/i;

/** The same words, for what no build makes. */
const otherwise = /\btable function\b|\bcolumn\b.*\bof relation\b/i;

/**
 * What is to be done where nothing above a model was ever built.
 * @param message what the warehouse said of the query
 * @param filePath the model's file
 * @returns undefined where it failed of something else
 */
export function parentsFirst(message: string, filePath: string): Remedy | undefined {
  const isMissing = message.split("\n").some((line) => missing.test(line) && !otherwise.test(line));
  if (!isMissing) return undefined;
  return { title: "Build with Parents", command: "floeDbt.buildModelWithParents", arguments: [filePath] };
}
