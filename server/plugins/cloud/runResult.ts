import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
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

const manifestNodesSchema = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      name: z.string().nullish(),
      resource_type: z.string().nullish(),
      original_file_path: z.string().nullish(),
    }),
  ),
  unit_tests: z
    .record(z.string(), z.object({ name: z.string().nullish(), original_file_path: z.string().nullish() }))
    .nullish(),
});

/** Of a manifest larger than this the nodes' files are not looked up: it is kept on disk for whoever streams it. */
const largestManifest = 64_000_000;

export interface ResultFiles {
  manifestPath: string;
  runResultsPath: string;
  catalogPath: string | null;
}

/**
 * What a command did, from the artifacts of its step.
 * @param projectDir the checkout, in which the nodes' files are shown
 * @param clean takes secrets out of a message of dbt's
 */
export async function runResult(
  files: ResultFiles,
  projectDir: string,
  facts: { success: boolean; seconds: number; warnings: string[]; metadata: Record<string, unknown> },
  clean: (text: string) => string,
): Promise<{ result: DbtCompilationResult; events: DbtEvent[] }> {
  const found = await readResults(files.runResultsPath);
  const nodes = await nodesOf(files.manifestPath);
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

/** A run that ended tells of its nodes all at once: dbt Cloud has no events. */
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

async function nodesOf(manifestPath: string): Promise<Map<string, NodeFacts>> {
  const { size } = await stat(manifestPath);
  const nodes = new Map<string, NodeFacts>();
  if (size > largestManifest) return nodes;
  const parsed = manifestNodesSchema.safeParse(parseJson(await readFile(manifestPath, "utf8")));
  for (const [id, { name, resource_type, original_file_path }] of Object.entries(parsed.data?.nodes ?? {})) {
    nodes.set(id, {
      name: name ?? id,
      resourceType: resource_type ?? id.split(".")[0] ?? "",
      ...(original_file_path && { path: original_file_path }),
    });
  }
  for (const [id, { name, original_file_path }] of Object.entries(parsed.data?.unit_tests ?? {})) {
    nodes.set(id, {
      name: name ?? id,
      resourceType: "unit_test",
      ...(original_file_path && { path: original_file_path }),
    });
  }
  return nodes;
}
