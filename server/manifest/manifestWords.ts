import type { ManifestInfo } from "../../protocol/manifest.ts";
import type { ArtifactReadError } from "./artifactReader.ts";

/** The newest schema of manifest.json whose keys are known: dbt-core's, and that of the v2 engine. */
const knownSchemas = { core: 12, engine: 20 };

export interface ManifestTroubles {
  /** Path of manifest.json as a person reads it. */
  shown: string;
  /** Of manifest.json itself. */
  file: string | null;
  /** Why the environment cannot say how the project is now. */
  live: string | null;
  /** Of run_results.json and what else tells how nodes did. */
  runs: string | null;
  /** Of the manifest that is shown. */
  schemaVersion: number | null;
}

/** What a person has to know of a manifest in its state; null where it is as it should be. */
export function manifestMessage(
  state: ManifestInfo["state"],
  { shown, file, live, runs, schemaVersion }: ManifestTroubles,
): string | null {
  if (state === "loading") return null;
  if (state === "none") {
    return `There is no ${shown} yet. ${live ?? "Compile the project, or run any dbt command, to make one."}`;
  }
  if (file !== null) return state === "broken" ? file : `${file} What is shown is the one before it.`;
  if (schemaVersion !== null && schemaVersion > knownSchemas.core && schemaVersion !== knownSchemas.engine) {
    return `This manifest has schema v${schemaVersion}, which is newer than what this version knows (v${knownSchemas.core}): what is understood of it is shown.`;
  }
  return live ?? runs;
}

export function troubleOf(shown: string, { reason, message }: ArtifactReadError): string {
  if (reason === "cutOff") {
    return `${shown} is not whole: ${message}. The dbt command that wrote it may have been cut off; compile the project again.`;
  }
  if (reason === "damaged") return `${shown} cannot be understood: ${message}. Compile the project again.`;
  return `${shown} cannot be read (${message}).`;
}
