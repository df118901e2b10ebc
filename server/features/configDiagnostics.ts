import { type Diagnostic, DiagnosticSeverity } from "vscode-languageserver/node";
import type { ConfigProblem } from "../config/configProblem.ts";
import { pathKey } from "../platform/paths.ts";
import type { Feature } from "./feature.ts";

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

/** Mistakes in dbt_project.yml, profiles.yml, manifest.yaml and floe.yaml, and what keeps dbt from reading a project. */
export const configDiagnostics: Feature = {
  readsOnly: true,
  register({ projects, diagnostics }) {
    let published = "";
    const publish = (): void => {
      const problems = new Map<string, ConfigProblem>();
      // Two projects may read one file and find the same.
      for (const project of projects.all) {
        for (const problem of project.problems) problems.set(JSON.stringify(problem), problem);
      }
      const all = JSON.stringify([...problems.keys()]);
      if (all === published) return;
      published = all;
      const byFile = Map.groupBy(problems.values(), (problem) => problem.filePath);
      const known = new Set([...byFile.keys()].map(pathKey));
      for (const filePath of diagnostics.filesOf("config")) {
        if (!known.has(pathKey(filePath))) diagnostics.set("config", filePath, []);
      }
      for (const [filePath, its] of byFile) diagnostics.set("config", filePath, its.map(toDiagnostic));
    };
    projects.on({ configured: publish, removed: publish, status: publish });
  },
};

function toDiagnostic({ range, severity, code, message }: ConfigProblem): Diagnostic {
  return { range, severity: severities[severity], code, message, source: "floe dbt" };
}
