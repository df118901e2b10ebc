import { access, readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import type { ProjectConfig } from "../../config/projectConfig.ts";
import { exists } from "./enginePlaces.ts";
import type { EngineOutcome, NodeOutcome } from "./engineEvents.ts";

const runResultsSchema = z.looseObject({
  metadata: z.looseObject({ invocation_id: z.string().nullish() }),
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      message: z.string().nullish(),
      relation_name: z.string().nullish(),
      thread_id: z.string().nullish(),
      adapter_response: z.looseObject({ rows_affected: z.unknown() }).nullish(),
    }),
  ),
});
type ArtifactNode = z.infer<typeof runResultsSchema>["results"][number];

const isTest = (id: string): boolean => /^(test|unit_test)\./.test(id);

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
  const all = [...outcome.nodes.values()].filter(({ status }) => status !== "started");
  const count = (is: (node: NodeOutcome) => boolean): number => all.filter(is).length;
  const failures = count(({ status }) => ["error", "fail", "runtime error"].includes(status));
  return {
    success: outcome.exitCode === 0,
    manifestPath: path.join(target, "manifest.json"),
    runResultsPath,
    catalogPath: (await exists(catalogPath)) ? catalogPath : null,
    executionTimeSeconds: outcome.seconds,
    modelsRun: count(({ uniqueId, status }) => uniqueId.startsWith("model.") && status === "success"),
    testsRun: count(({ uniqueId, status }) => isTest(uniqueId) && status !== "skipped"),
    failures,
    metadata: {
      dbt_version: outcome.dbtVersion,
      invocation_id: outcome.invocationId,
      full_refresh: facts.fullRefresh,
      skipped: count(({ status }) => status === "skipped"),
      test_warnings: count(({ uniqueId, status }) => isTest(uniqueId) && status === "warn"),
      warnings: outcome.diagnostics
        .filter(({ severity }) => severity === "warning")
        .map(({ code, message }) => `${code}: ${message}`),
      nodes: await Promise.all(
        all.map((node) => nodeOf(node, artifacts.get(node.uniqueId), config, facts.clean)),
      ),
    },
  };
}

async function nodeOf(
  node: NodeOutcome,
  artifact: ArtifactNode | undefined,
  { projectDir, name: projectName, paths }: ProjectConfig,
  clean: (text: string) => string,
) {
  const file = node.path === null || /^(\.\.|target)[\\/]/.test(node.path) ? null : node.path;
  const packageName = node.uniqueId.split(".")[1] ?? projectName;
  const compiled =
    file === null ? null : path.join(paths.target, "compiled", packageName, compiledName(node, file));
  // The artifact says no more than "Error" of a test that fails.
  const message = node.message ?? artifact?.message ?? null;
  return {
    unique_id: node.uniqueId,
    status: node.status,
    seconds: node.seconds,
    started_at: node.startedAt,
    message: message === null ? null : clean(message),
    failures: isTest(node.uniqueId) ? node.failures : null,
    failing_rows: isTest(node.uniqueId) ? node.failures : null,
    rows_affected: rowCount(artifact?.adapter_response?.["rows_affected"]),
    relation_name: artifact?.relation_name ?? null,
    file: file === null ? null : path.resolve(projectDir, file),
    compiled_path: compiled !== null && (await readable(compiled)) ? compiled : null,
    timing:
      node.startedAt === null
        ? []
        : [{ name: "execute", started_at: node.startedAt, completed_at: node.finishedAt }],
    thread_id: artifact?.thread_id ?? null,
  };
}

/** A generic test's compiled SQL is named after the test, not after the YAML file that defines it. */
function compiledName(node: NodeOutcome, file: string): string {
  return /\.ya?ml$/.test(file) ? path.join("generic_tests", `${node.name}.sql`) : file;
}

async function artifactNodes(
  runResultsPath: string,
  invocationId: string | null,
): Promise<Map<string, ArtifactNode>> {
  const parsed = runResultsSchema.safeParse(
    parseJson(await readFile(runResultsPath, "utf8").catch(() => "")),
  );
  const isOurs = parsed.success && parsed.data.metadata.invocation_id === invocationId;
  return new Map((isOurs ? parsed.data.results : []).map((node) => [node.unique_id, node]));
}

async function readable(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** How many rows the warehouse says it wrote; null where it does not say. */
function rowCount(value: unknown): number | null {
  const count = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof count === "number" && Number.isFinite(count) && count > 0 ? count : null;
}
