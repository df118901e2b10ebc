import { isInside } from "../platform/paths.ts";
import type { Project } from "../projects/project.ts";
import type { Feature } from "./feature.ts";

/** How long nobody must have typed or opened anything, in milliseconds. */
const quietMs = 2_000;

/**
 * The first run of a session is to start as quickly as the others: once dbt has read the project, has told what it made of
 * it, and nobody types, the runtime gets ready. After a cancel, which ends what was ready, it does so again at once: whoever
 * stops a run starts the next one soon. Only for a project somebody is at: one with an open file, or the only one.
 */
export const runsAhead: Feature = {
  register({ documents, guard, linting, manifests, projects, stopping }) {
    const ready = new Set<Project>();
    const waiting = new Map<Project, NodeJS.Timeout>();
    const isWanted = (project: Project): boolean =>
      ready.has(project) && (projects.all.length === 1 || documents.inFolder(project.dir).length > 0);

    const prepare = guard.event("Getting ready for runs", async (project: Project) => {
      await linting.settledIn(project.dir);
      await manifests.at(project.dir)?.settled();
      // Typed on meanwhile: its timer begins anew.
      if (stopping.aborted || waiting.has(project) || !isWanted(project)) return;
      const plugin = project.plugin();
      if (!plugin.capabilities.has("prepareRuns")) return;
      ready.delete(project);
      await plugin.prepareRuns?.(project.ref);
    });
    const schedule = (project: Project): void => {
      clearTimeout(waiting.get(project));
      waiting.delete(project);
      if (stopping.aborted || !isWanted(project)) return;
      const timer = setTimeout(() => {
        waiting.delete(project);
        prepare(project);
      }, quietMs);
      timer.unref();
      waiting.set(project, timer);
    };
    stopping.addEventListener("abort", () => {
      for (const timer of waiting.values()) clearTimeout(timer);
    });

    const told = new Set<Project>();
    projects.on({
      status: () => {
        for (const project of projects.all) {
          const { state } = project.status;
          const isReady = state === "ready" || state === "degraded";
          if (isReady && !told.has(project)) {
            told.add(project);
            ready.add(project);
            schedule(project);
          } else if (state === "idle") {
            told.delete(project);
            ready.delete(project);
          }
        }
      },
      runsCold: (project) => {
        if (!told.has(project)) return;
        ready.add(project);
        prepare(project);
      },
      removed: (project) => {
        told.delete(project);
        ready.delete(project);
        schedule(project);
      },
    });
    const active = ({ filePath }: { filePath: string }): void => {
      for (const project of ready) if (isInside(filePath, project.dir)) schedule(project);
    };
    documents.on({ opened: active, changed: active });
  },
};
