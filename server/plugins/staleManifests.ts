import type { ProjectRef } from "./dbtPlugin.ts";
import { DbtCompilationError, DbtConfigurationError } from "./errors.ts";

export interface StaleManifests {
  /** Carries out a command that writes a manifest, and keeps why it could not. */
  writing<T>(project: ProjectRef, work: () => Promise<T>): Promise<T>;
  set(project: ProjectRef, because: string): void;
  clear(project: ProjectRef): void;
  /** @throws DbtConfigurationError where the manifest is older than the project */
  requireFresh(project: ProjectRef): void;
}

/** Projects whose last command failed before it wrote a manifest: what is on disk is older, and never given as fresh. */
export function createStaleManifests(): StaleManifests {
  const reasons = new Map<string, string>();
  const stale: StaleManifests = {
    async writing(project, work) {
      try {
        const value = await work();
        stale.clear(project);
        return value;
      } catch (error) {
        if (error instanceof DbtCompilationError || error instanceof DbtConfigurationError) {
          stale.set(project, error.message);
        }
        throw error;
      }
    },
    set: ({ projectDir }, because) => void reasons.set(projectDir, because),
    clear: ({ projectDir }) => void reasons.delete(projectDir),
    requireFresh({ projectDir }) {
      const reason = reasons.get(projectDir);
      if (reason === undefined) return;
      throw new DbtConfigurationError(
        `manifest.json is older than the project: dbt could not compile it since. ${reason}`,
      );
    },
  };
  return stale;
}
