import { access, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import { DbtConfigurationError, DbtExecutionError } from "../errors.ts";
import type { DbtOutcome } from "./dbtCommand.ts";

const artifactSchema = z.looseObject({ metadata: z.looseObject({}) });

const runResultsSchema = z.looseObject({
  metadata: z.looseObject({ invocation_id: z.string().nullish(), dbt_version: z.string().nullish() }),
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      status: z.string(),
      execution_time: z.number().nullish(),
      message: z.string().nullish(),
      failures: z.number().nullish(),
    }),
  ),
  args: z.looseObject({}).nullish(),
});

const manifestNodesSchema = z.looseObject({
  nodes: z.record(z.string(), z.looseObject({ original_file_path: z.string().nullish() })),
});

export type ArtifactName = "manifest.json" | "run_results.json" | "catalog.json";

/** @throws DbtConfigurationError if there is none, or it is broken */
export async function readArtifact(targetDir: string, name: ArtifactName): Promise<Record<string, unknown>> {
  const filePath = path.join(targetDir, name);
  let text: string;
  try {
    text = await readFile(filePath, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code !== "ENOENT")
      throw new DbtConfigurationError(`${filePath} cannot be read (${code}).`, { filePath });
    const how = name === "manifest.json" ? "Compile" : "Run or test";
    throw new DbtConfigurationError(`There is no ${name} in ${targetDir} yet. ${how} the project first.`);
  }
  const parsed = artifactSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new DbtConfigurationError(
    `${filePath} is not a whole artifact of dbt; the command that wrote it may have been cut off. Compile the project again.`,
    { filePath },
  );
}

/**
 * What a run or test did, from the run_results.json that this very invocation wrote.
 * @param projectDir what the nodes' paths are relative to
 * @param clean takes secrets out of a message of dbt's
 * @returns null if this invocation wrote none: it failed before any node
 */
export async function compilationResult(
  targetDir: string,
  projectDir: string,
  startedAt: number,
  outcome: DbtOutcome,
  clean: (text: string) => string,
): Promise<DbtCompilationResult | null> {
  const runResultsPath = path.join(targetDir, "run_results.json");
  const manifestPath = path.join(targetDir, "manifest.json");
  const text = await readFile(runResultsPath, "utf8").catch(() => null);
  if (text === null) return null;
  const parsed = runResultsSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new DbtExecutionError(`${runResultsPath} is not what dbt writes there.`, {
      filePath: runResultsPath,
    });
  const { metadata, results, args } = parsed.data;
  const isOurs =
    outcome.invocationId === null || !metadata.invocation_id
      ? (await stat(runResultsPath)).mtimeMs >= startedAt
      : metadata.invocation_id === outcome.invocationId;
  if (!isOurs) return null;

  const failed = results.filter(({ status }) => ["error", "fail", "runtime error"].includes(status));
  const isTest = (id: string): boolean => /^(test|unit_test)\./.test(id);
  const files = failed.length > 0 ? await filesOfNodes(manifestPath, projectDir) : new Map<string, string>();
  const catalogPath = path.join(targetDir, "catalog.json");
  return {
    success: outcome.exitCode === 0,
    manifestPath,
    runResultsPath,
    catalogPath: (await exists(catalogPath)) ? catalogPath : null,
    executionTimeSeconds: outcome.seconds,
    modelsRun: results.filter(
      ({ unique_id, status }) => unique_id.startsWith("model.") && status === "success",
    ).length,
    testsRun: results.filter(({ unique_id, status }) => isTest(unique_id) && status !== "skipped").length,
    failures: failed.length,
    metadata: {
      dbt_version: metadata.dbt_version ?? outcome.dbtVersion,
      invocation_id: metadata.invocation_id ?? outcome.invocationId,
      full_refresh: args?.["full_refresh"] === true,
      skipped: results.filter(({ status }) => status === "skipped").length,
      test_warnings: results.filter(({ unique_id, status }) => isTest(unique_id) && status === "warn").length,
      warnings: outcome.warnings,
      nodes: results.map((node) => ({
        unique_id: node.unique_id,
        status: node.status,
        seconds: node.execution_time ?? null,
        message: node.message ? clean(node.message) : null,
        failing_rows: isTest(node.unique_id) ? (node.failures ?? null) : null,
        file: files.get(node.unique_id) ?? null,
      })),
    },
  };
}

async function filesOfNodes(manifestPath: string, projectDir: string): Promise<Map<string, string>> {
  const manifest = manifestNodesSchema.safeParse(
    parseJson(await readFile(manifestPath, "utf8").catch(() => "")),
  );
  const files = new Map<string, string>();
  for (const [id, node] of Object.entries(manifest.data?.nodes ?? {})) {
    if (node.original_file_path) files.set(id, path.resolve(projectDir, node.original_file_path));
  }
  return files;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
