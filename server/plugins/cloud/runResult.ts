import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import type { DbtEvent, NodeFacts } from "../dbtPlugin.ts";
import { DbtExecutionError } from "../errors.ts";

const runResultsSchema = z.looseObject({
  metadata: z.looseObject({ invocation_id: z.string().nullish(), dbt_version: z.string().nullish() }),
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      status: z.string(),
      execution_time: z.number().nullish(),
      message: z.string().nullish(),
      failures: z.number().nullish(),
      adapter_response: z.looseObject({ rows_affected: z.number().nullish() }).nullish().catch(null),
    }),
  ),
  elapsed_time: z.number().nullish(),
  args: z.looseObject({ which: z.string().nullish() }).nullish(),
});
type RunResults = z.output<typeof runResultsSchema>;

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
  const { metadata, results, args } = await readResults(files.runResultsPath);
  const nodes = await nodesOf(files.manifestPath);
  const failed = results.filter(({ status }) => ["error", "fail", "runtime error"].includes(status));
  const isTest = (id: string): boolean => /^(test|unit_test)\./.test(id);
  const fileOf = (id: string): string | null => {
    const file = nodes.get(id)?.path;
    return file === undefined ? null : path.resolve(projectDir, file);
  };
  const result: DbtCompilationResult = {
    success: facts.success,
    ...files,
    executionTimeSeconds: facts.seconds,
    modelsRun: results.filter(
      ({ unique_id, status }) => unique_id.startsWith("model.") && status === "success",
    ).length,
    testsRun: results.filter(({ unique_id, status }) => isTest(unique_id) && status !== "skipped").length,
    failures: failed.length,
    metadata: {
      dbt_version: metadata.dbt_version ?? null,
      invocation_id: metadata.invocation_id ?? null,
      full_refresh: args?.["full_refresh"] === true,
      skipped: results.filter(({ status }) => status === "skipped").length,
      test_warnings: results.filter(({ unique_id, status }) => isTest(unique_id) && status === "warn").length,
      warnings: facts.warnings,
      nodes: results.map((node) => ({
        unique_id: node.unique_id,
        status: node.status,
        seconds: node.execution_time ?? null,
        message: node.message ? clean(node.message) : null,
        failing_rows: isTest(node.unique_id) ? (node.failures ?? null) : null,
        file: fileOf(node.unique_id),
      })),
      ...facts.metadata,
    },
  };
  return { result, events: results.flatMap((node) => nodeEvents(node, nodes.get(node.unique_id), clean)) };
}

/** A run that ended tells of its nodes all at once: dbt Cloud has no events. */
function nodeEvents(
  node: RunResults["results"][number],
  facts: NodeFacts | undefined,
  clean: (text: string) => string,
): DbtEvent[] {
  const uniqueId = node.unique_id;
  const rows = node.adapter_response?.rows_affected;
  return [
    { type: "nodeStarted", uniqueId, ...(facts && { node: facts }) },
    {
      type: "nodeFinished",
      uniqueId,
      status: node.status,
      seconds: node.execution_time ?? 0,
      ...(node.message && { message: clean(node.message) }),
      ...(typeof rows === "number" && rows >= 0 && { rowsAffected: rows }),
      ...(typeof node.failures === "number" && { failures: node.failures }),
      ...(facts && { node: facts }),
    },
  ];
}

async function readResults(filePath: string): Promise<RunResults> {
  const parsed = runResultsSchema.safeParse(parseJson(await readFile(filePath, "utf8")));
  if (parsed.success) return parsed.data;
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
