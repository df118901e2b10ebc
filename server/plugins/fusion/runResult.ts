import { readFile } from "node:fs/promises";
import path from "node:path";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import type { ProjectConfig } from "../../config/projectConfig.ts";
import {
  parseRunResults,
  resultFacts,
  rowCount,
  type NodePlace,
  type ResultNode,
} from "../runResultsFile.ts";
import { driverProblem } from "./driverProblem.ts";
import type { EngineOutcome, NodeOutcome } from "./engineEvents.ts";
import { exists } from "../../platform/exists.ts";

/**
 * What a command did, from its events, which say it of every node; run_results.json adds what only it has. Another command
 * may have written that file meanwhile: it counts only where it is of this invocation.
 */
export async function runResult(
  outcome: EngineOutcome,
  config: ProjectConfig,
  facts: { fullRefresh: boolean; clean: (text: string) => string },
): Promise<DbtCompilationResult> {
  const target = config.paths.target;
  const runResultsPath = path.join(target, "run_results.json");
  const artifacts = await artifactNodes(runResultsPath, outcome.invocationId);
  const catalogPath = path.join(target, "catalog.json");
  const ended = [...outcome.nodes.values()].filter(({ status }) => status !== "started");
  const results = ended.map((node) => resultOf(node, artifacts.get(node.uniqueId)));
  const places = new Map(
    await Promise.all(ended.map(async (node) => [node.uniqueId, await placeOf(node, config)] as const)),
  );
  const args = { full_refresh: facts.fullRefresh };
  const { metadata, ...counts } = resultFacts(
    { metadata: {}, results, args },
    (id) => places.get(id),
    facts.clean,
  );
  return {
    success: outcome.exitCode === 0,
    manifestPath: path.join(target, "manifest.json"),
    runResultsPath,
    catalogPath: (await exists(catalogPath)) ? catalogPath : null,
    executionTimeSeconds: outcome.seconds,
    ...counts,
    metadata: {
      dbt_version: outcome.dbtVersion,
      invocation_id: outcome.invocationId,
      ...unreachable(outcome),
      warnings: outcome.diagnostics
        .filter(({ severity }) => severity === "warning")
        .map(({ code, message }) => `${code}: ${message}`),
      ...metadata,
    },
  };
}

/** Why the engine could not reach the warehouse, where that is why nodes failed. */
function unreachable({ diagnostics }: EngineOutcome): { unreachable_warehouse?: string } {
  for (const { severity, message } of diagnostics) {
    const problem = severity === "error" ? driverProblem(message) : null;
    if (problem) return { unreachable_warehouse: problem.message };
  }
  return {};
}

function resultOf(node: NodeOutcome, artifact: ResultNode | undefined): ResultNode {
  const rows = rowCount(artifact?.adapter_response?.["rows_affected"]);
  return {
    unique_id: node.uniqueId,
    status: node.status,
    execution_time: node.seconds,
    // The artifact says no more than "Error" of a test that fails.
    message: node.message ?? artifact?.message ?? null,
    failures: node.failures,
    // The engine says 0 of whatever it has not counted.
    adapter_response: rows === 0 ? null : { rows_affected: rows },
    relation_name: artifact?.relation_name ?? null,
    thread_id: artifact?.thread_id ?? null,
    timing:
      node.startedAt === null
        ? []
        : [{ name: "execute", started_at: node.startedAt, completed_at: node.finishedAt }],
  };
}

async function placeOf(
  node: NodeOutcome,
  { projectDir, name: projectName, paths }: ProjectConfig,
): Promise<NodePlace> {
  const file = node.path === null || /^(\.\.|target)[\\/]/.test(node.path) ? null : node.path;
  if (file === null) return { file: null, compiled: null };
  const packageName = node.uniqueId.split(".")[1] ?? projectName;
  const compiled = path.join(paths.target, "compiled", packageName, compiledName(node, file));
  return { file: path.resolve(projectDir, file), compiled: (await exists(compiled)) ? compiled : null };
}

/** A generic test's compiled SQL is named after the test, not after the YAML file that defines it. */
function compiledName(node: NodeOutcome, file: string): string {
  return /\.ya?ml$/.test(file) ? path.join("generic_tests", `${node.name}.sql`) : file;
}

async function artifactNodes(
  runResultsPath: string,
  invocationId: string | null,
): Promise<Map<string, ResultNode>> {
  const parsed = parseRunResults(await readFile(runResultsPath, "utf8").catch(() => ""));
  const isOurs = parsed !== null && parsed.metadata.invocation_id === invocationId;
  return new Map((isOurs ? parsed.results : []).map((node) => [node.unique_id, node]));
}
