import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import { DbtConfigurationError, DbtExecutionError } from "../errors.ts";
import { parseRunResults, resultFacts, type NodePlace } from "../runResultsFile.ts";
import type { DbtOutcome } from "./dbtEvents.ts";
import { exists } from "../../platform/exists.ts";

const artifactSchema = z.looseObject({ metadata: z.looseObject({}) });

const manifestNodesSchema = z.looseObject({
  nodes: z.record(z.string(), z.unknown()),
  unit_tests: z.record(z.string(), z.unknown()).nullish(),
});
const placeSchema = z.looseObject({
  original_file_path: z.string().nullish(),
  compiled_path: z.string().nullish(),
});
/** Bytes; a larger manifest is not read for the places of nodes alone: whoever shows them has an index of it. */
const largestManifestRead = 64_000_000;

export type ArtifactName = "manifest.json" | "run_results.json" | "catalog.json";

/**
 * An artifact that is being written anew while it is read is read again.
 * @throws DbtConfigurationError if there is none, or it is broken
 */
export async function readArtifact(targetDir: string, name: ArtifactName): Promise<Record<string, unknown>> {
  const filePath = path.join(targetDir, name);
  for (let attempt = 1; ; attempt++) {
    try {
      return await readWhole(targetDir, filePath, name);
    } catch (error) {
      const mayBeWritten = attempt < 5 && (await changedLately(filePath));
      if (!mayBeWritten) throw error;
      await new Promise((resolve) => setTimeout(resolve, 40 * attempt));
    }
  }
}

/** Whether somebody may be writing the file at this moment. */
async function changedLately(filePath: string): Promise<boolean> {
  return stat(filePath).then(
    ({ mtimeMs }) => Date.now() - mtimeMs < 5000,
    () => false,
  );
}

async function readWhole(
  targetDir: string,
  filePath: string,
  name: ArtifactName,
): Promise<Record<string, unknown>> {
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
  const parsed = parseRunResults(text);
  const writtenBy = parsed?.metadata.invocation_id;
  const isOurs =
    outcome.invocationId === null || !writtenBy
      ? (await stat(runResultsPath)).mtimeMs >= startedAt
      : writtenBy === outcome.invocationId;
  if (!isOurs) return null;
  if (!parsed)
    throw new DbtExecutionError(`${runResultsPath} is not what dbt writes there.`, {
      filePath: runResultsPath,
    });
  const { metadata, results } = parsed;

  const ids = results.map(({ unique_id }) => unique_id);
  const places = await placesOfNodes(ids, manifestPath, projectDir, outcome);
  const { metadata: facts, ...counts } = resultFacts(parsed, (id) => places.get(id), clean);
  const catalogPath = path.join(targetDir, "catalog.json");
  return {
    success: outcome.exitCode === 0,
    manifestPath,
    runResultsPath,
    catalogPath: (await exists(catalogPath)) ? catalogPath : null,
    executionTimeSeconds: outcome.seconds,
    ...counts,
    metadata: {
      dbt_version: metadata.dbt_version ?? outcome.dbtVersion,
      invocation_id: metadata.invocation_id ?? outcome.invocationId,
      warnings: outcome.warnings,
      ...facts,
    },
  };
}

/** Where nodes are defined and where their compiled SQL is: from what dbt said while it ran, else from its manifest. */
async function placesOfNodes(
  ids: readonly string[],
  manifestPath: string,
  projectDir: string,
  outcome: DbtOutcome,
): Promise<Map<string, NodePlace>> {
  const absolute = (relative: string | null | undefined): string | null =>
    relative ? path.resolve(projectDir, relative) : null;
  const places = new Map<string, NodePlace>();
  for (const [id, { path: file, compiledPath }] of outcome.nodes) {
    if (file !== null) places.set(id, { file: absolute(file), compiled: absolute(compiledPath) });
  }
  if (places.size > 0 || ids.length === 0) return places;
  const { size } = await stat(manifestPath).catch(() => ({ size: 0 }));
  if (size === 0 || size > largestManifestRead) return places;
  const manifest = manifestNodesSchema.safeParse(
    parseJson(await readFile(manifestPath, "utf8").catch(() => "")),
  ).data;
  for (const id of ids) {
    const place = placeSchema.safeParse(manifest?.nodes[id] ?? manifest?.unit_tests?.[id]).data;
    if (!place) continue;
    places.set(id, {
      file: absolute(place.original_file_path),
      compiled: absolute(place.compiled_path),
    });
  }
  return places;
}
