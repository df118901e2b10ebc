import { readFile } from "node:fs/promises";
import path from "node:path";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import type { DbtEvent, NodeFacts } from "../dbtPlugin.ts";
import { DbtExecutionError } from "../errors.ts";
import {
  parseRunResults,
  resultFacts,
  rowCount,
  type NodePlace,
  type ResultNode,
  type RunResults,
} from "../runResultsFile.ts";

export interface ResultFiles {
  manifestPath: string;
  runResultsPath: string;
  catalogPath: string | null;
}

/**
 * What a command did, from the artifacts of its step.
 * @param projectDir the checkout, in which the nodes' files are shown
 * @param nodes what the manifest says of them
 * @param clean takes secrets out of a message of dbt's
 */
export async function runResult(
  files: ResultFiles,
  projectDir: string,
  nodes: ReadonlyMap<string, NodeFacts>,
  facts: { success: boolean; seconds: number; warnings: string[]; metadata: Record<string, unknown> },
  clean: (text: string) => string,
): Promise<{ result: DbtCompilationResult; events: DbtEvent[] }> {
  const found = await readResults(files.runResultsPath);
  const placeOf = (id: string): NodePlace => {
    const file = nodes.get(id)?.path;
    return { file: file === undefined ? null : path.resolve(projectDir, file), compiled: null };
  };
  const { metadata, ...counts } = resultFacts(found, placeOf, clean);
  const result: DbtCompilationResult = {
    success: facts.success,
    ...files,
    executionTimeSeconds: facts.seconds,
    ...counts,
    metadata: {
      dbt_version: found.metadata.dbt_version ?? null,
      invocation_id: found.metadata.invocation_id ?? null,
      warnings: facts.warnings,
      ...metadata,
      ...facts.metadata,
    },
  };
  return {
    result,
    events: found.results.flatMap((node) => nodeEvents(node, nodes.get(node.unique_id), clean)),
  };
}

/** What a run that ended tells of one of its nodes. */
function nodeEvents(
  node: ResultNode,
  facts: NodeFacts | undefined,
  clean: (text: string) => string,
): DbtEvent[] {
  const uniqueId = node.unique_id;
  const rows = rowCount(node.adapter_response?.["rows_affected"]);
  return [
    { type: "nodeStarted", uniqueId, ...(facts && { node: facts }) },
    {
      type: "nodeFinished",
      uniqueId,
      status: node.status,
      seconds: node.execution_time ?? 0,
      ...(node.message && { message: clean(node.message) }),
      ...(rows !== null && { rowsAffected: rows }),
      ...(typeof node.failures === "number" && { failures: node.failures }),
      ...(facts && { node: facts }),
    },
  ];
}

async function readResults(filePath: string): Promise<RunResults> {
  const parsed = parseRunResults(await readFile(filePath, "utf8"));
  if (parsed) return parsed;
  throw new DbtExecutionError(`${filePath} is not what dbt writes there.`, { filePath });
}
