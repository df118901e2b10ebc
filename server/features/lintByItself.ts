import type { Project } from "../projects/project.ts";
import type { Feature } from "./feature.ts";
import { withProgress } from "./progress.ts";

/** What is linted without being asked beyond the document one types in: the rest of the project, and after dbt read it anew. */
export const lintByItself: Feature = {
  register(context) {
    const { projects, linting, guard } = context;
    const begun = new Set<Project>();
    const lintAll = guard.event("Linting the project in the background", async (project: Project) => {
      await withProgress(
        context,
        { title: `Linting ${project.config.name}`, signal: new AbortController().signal },
        ({ signal, report }) =>
          linting.lintProject(project, { interactive: false, onProgress: report }, signal),
      );
    });
    projects.on({
      configured: (project) => {
        const wanted =
          project.settings["lint.scope"] === "project" && project.settings["lint.run"] !== "manual";
        if (!wanted) {
          begun.delete(project);
          return;
        }
        if (begun.has(project)) return;
        begun.add(project);
        lintAll(project);
      },
      reparsed: (project) => {
        linting.relintOpen(project);
        if (begun.has(project)) lintAll(project);
      },
      removed: (project) => {
        begun.delete(project);
        context.diagnostics.remove(project.dir);
      },
    });
  },
};
