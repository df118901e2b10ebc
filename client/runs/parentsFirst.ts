import type { Remedy } from "../../protocol/runtime.ts";

/** In the words of DuckDB, PostgreSQL, Snowflake, BigQuery and Spark; none of which say which runtime sent the query. */
const missing =
  /\b(table|view|relation|object|schema|dataset)\b.*\b(does(?: not|n't) exist|was not found)|(TABLE_OR_VIEW|SCHEMA)_NOT_FOUND/i;

/** The same words, for what no build makes. */
const otherwise = /\btable function\b|\bcolumn\b.*\bof relation\b/i;

/** @param message what the warehouse said of a query: whether that reads what was never built */
export function readsMissing(message: string): boolean {
  return message.split("\n").some((line) => missing.test(line) && !otherwise.test(line));
}

/**
 * What is to be done where nothing above some nodes was ever built.
 * @param nodes the file of each, or its project and selector, as rows of the Project view have them
 */
export function buildWithParents(nodes: readonly [unknown, ...unknown[]]): Remedy {
  return {
    title: "Build with Parents",
    command: "floeDbt.buildModelWithParents",
    arguments: [nodes[0], nodes],
  };
}
