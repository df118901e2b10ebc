import {
  type DoctorProject,
  type DoctorResult,
  doctorRequest,
  type ProjectParams,
} from "../../protocol/requests.ts";
import { DbtError } from "../plugins/errors.ts";
import { showProblems, type Project } from "../projects/project.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { signalOf } from "./guard.ts";
import { projectsOf } from "./projectCommands.ts";

/** dbt/doctor: what is in use for each project, where it was looked for, what is wrong and what mends it. */
export const doctor: Feature = {
  register(context) {
    context.answer(doctorRequest, "The doctor", (params, token) => examine(context, params, signalOf(token)));
  },
};

export async function examine(
  context: ServerContext,
  params: ProjectParams,
  signal: AbortSignal,
): Promise<DoctorResult> {
  const projects: DoctorProject[] = [];
  for (const project of await projectsOf(context, params))
    projects.push(await examineProject(project, signal));
  return { projects, markdown: context.log.redact(toMarkdown(projects)) };
}

/** @throws what is no DbtError: those are among the answer's problems */
export async function examineProject(project: Project, signal: AbortSignal): Promise<DoctorProject> {
  const { config } = project;
  const { profile } = config;
  const facts = [
    { label: "Profile", value: profile.name ?? "none" },
    { label: "profiles.yml", value: profile.filePath ?? "not found" },
    { label: "Target", value: project.settings.target || (profile.target ?? "none") },
    { label: "Adapter", value: profile.adapterType ?? "not known" },
  ];
  const problems: DoctorProject["problems"] = project.problems.flatMap(
    ({ severity, message, filePath, range }) =>
      severity === "info"
        ? []
        : [
            {
              severity,
              message: `${message} (${filePath}, line ${range.start.line + 1})`,
              remedy: showProblems,
            },
          ],
  );
  try {
    const report = await project.plugin().inspect(project.ref, { signal });
    const known = new Set(report.problems.map((problem) => problem.message));
    const { reason, remedy, state } = project.status;
    const isNews = state === "failed" && reason !== undefined && !known.has(reason);
    return {
      status: { ...project.status, versions: { ...project.status.versions, ...report.versions } },
      // The runtime knows these more exactly than the configuration alone.
      facts: [
        ...facts.filter(({ label }) => !report.facts.some((fact) => fact.label === label)),
        ...report.facts,
      ],
      searched: report.searched,
      problems: [
        ...report.problems,
        ...problems,
        ...(isNews ? [{ severity: "error" as const, message: reason, ...(remedy && { remedy }) }] : []),
      ],
    };
  } catch (error) {
    if (!(error instanceof DbtError)) throw error;
    const { message, remedy } = error;
    problems.unshift({ severity: "error", message, ...(remedy && { remedy }) });
    return { status: project.status, facts, searched: [], problems };
  }
}

export function toMarkdown(projects: readonly DoctorProject[]): string {
  if (projects.length === 0) return "# Floe dbt: Doctor\n\nThere is no dbt project in this workspace.\n";
  const sections = projects.map(({ status, facts, searched, problems }) => {
    const versions = Object.entries(status.versions).map(([name, version]) => `${name} ${version}`);
    return [
      `## ${status.projectName}`,
      "",
      `- Folder: ${status.projectDir}`,
      `- State: **${status.state}**${status.reason === undefined ? "" : `: ${status.reason}`}`,
      `- Runtime: ${status.runtime ?? "none"} (${status.runtimeReason})`,
      ...facts.map(({ label, value }) => `- ${label}: ${value}`),
      ...(versions.length > 0 ? [`- Versions: ${versions.join(", ")}`] : []),
      ...section(
        "Where the environment was looked for",
        searched.map(
          ({ place, found, chosen }) => `- ${place}: ${found ?? "nothing"}${chosen ? " **(chosen)**" : ""}`,
        ),
      ),
      ...section(
        "Problems",
        problems.map(
          ({ severity, message, remedy }) =>
            `- ${severity}: ${message}${remedy ? ` Remedy: ${remedy.title}.` : ""}`,
        ),
      ),
      "",
    ].join("\n");
  });
  return `# Floe dbt: Doctor\n\n${sections.join("\n")}`;
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ["", `### ${title}`, "", ...lines];
}
