import path from "node:path";
import { DbtCompilationError, DbtConfigurationError, DbtExecutionError, type DbtError } from "../errors.ts";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { fetchArtifact, type RunCache } from "./runCache.ts";
import type { ResultFiles } from "./runResult.ts";
import type { CloudRun, CloudStep } from "./runs.ts";
import { resultStep } from "./stepCommand.ts";
import { loggedErrors, stepName, tailOf, usageError } from "./stepLog.ts";
import { exists } from "../../platform/exists.ts";

export interface RunArtifacts {
  dir: string;
  step: CloudStep;
  files: ResultFiles;
}

/**
 * Fetches what the run's own dbt command wrote, not what a later step did.
 * @returns null where it wrote no results: it failed before any node
 */
export async function collectArtifacts(
  client: CloudClient,
  cache: RunCache,
  run: CloudRun,
  call: CloudCall,
): Promise<RunArtifacts | null> {
  const step = resultStep(run.run_steps ?? []);
  if (!step) return null;
  const dir = await cache.folder(client.address, run, step.index);
  const runResultsPath = await fetchArtifact(client, dir, run.id, "run_results.json", step.index, call);
  const manifestPath = await fetchArtifact(client, dir, run.id, "manifest.json", step.index, call);
  if (runResultsPath === null || manifestPath === null) return null;
  // Only the docs step writes it: asked for by step it would not be there.
  const catalogPath = run.has_docs_generated
    ? await fetchArtifact(client, dir, run.id, "catalog.json", null, call)
    : null;
  return { dir, step, files: { manifestPath, runResultsPath, catalogPath } };
}

/** Why a run has no results, from the log of the step that failed. */
export async function runFailure(
  run: CloudRun,
  projectDir: string,
  link: string,
  clean: (text: string) => string,
): Promise<DbtError> {
  const steps = (run.run_steps ?? []).toSorted((a, b) => a.index - b.index);
  const failed = steps.find(({ status }) => status === 20) ?? steps.at(-1);
  const log = failed?.logs ?? failed?.truncated_debug_logs ?? "";
  const usage = usageError(log);
  if (usage !== null) return new DbtConfigurationError(clean(`dbt does not take this: ${usage}\n${link}`));
  const said = clean(
    (loggedErrors(log)[0] ?? "").replace(/^Encountered an error:\s*/, "") ||
      tailOf(log, 5) ||
      run.status_message ||
      "",
  );
  if (/(Compilation|Parsing) Error/.test(said.split("\n").slice(0, 2).join("\n"))) {
    return new DbtCompilationError(`${said}\n${link}`, await placeOf(said, projectDir));
  }
  const where = failed ? ` at “${stepName(failed)}”` : "";
  return new DbtExecutionError(
    `Run ${run.id} failed in dbt Cloud${where}${said && `: ${said}`}\n${link}`,
    await placeOf(said, projectDir),
  );
}

/** "Error in model b (models/b.sql) ... line 2": the file in the checkout, if it is there. */
async function placeOf(message: string, projectDir: string): Promise<{ filePath?: string; line?: number }> {
  const named =
    /\(([^()\n]+\.(?:sql|py|yml|yaml|md|csv))\)/.exec(message)?.[1] ??
    /(?:Error reading [^:\n]+:|schema file at|at path) (\S.*?\.(?:yml|yaml|md|sql))\b/.exec(message)?.[1];
  if (named === undefined) return {};
  for (const root of ["", "models", "seeds", "snapshots", "tests", "macros"]) {
    const filePath = path.resolve(projectDir, root, named);
    const isThere = await exists(filePath);
    if (!isThere) continue;
    const line = Number(/\bline (\d+)/.exec(message)?.[1] ?? 0);
    return { filePath, ...(line > 0 && { line }) };
  }
  return {};
}
