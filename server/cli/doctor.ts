import { toSnakeCaseKeys } from "../../protocol/json.ts";
import type { DoctorProject } from "../../protocol/requests.ts";
import { parseSettings } from "../../protocol/settings.ts";
import { examineProject, toMarkdown } from "../features/doctor.ts";
import { Project } from "../projects/project.ts";
import { type CommandContext, openProjects, type ProjectOptions } from "./projects.ts";
import { whatToDo } from "./remedies.ts";
import { inOptions } from "./optionNames.ts";
import type { DataFormat } from "./run.ts";

/** `floe-dbt doctor`. @returns 1 if something is wrong that keeps dbt from working */
export async function runDoctor(
  options: ProjectOptions & { format: DataFormat },
  context: CommandContext,
): Promise<0 | 1> {
  await using opened = await openProjects([], options, { ...context, terminal: quiet(context) });
  const { settings } = parseSettings({ target: options.target ?? "", runtime: options.runtime ?? "auto" });
  const projects: DoctorProject[] = [];
  for (const { config } of opened.projects) {
    const project = new Project(config, settings, { registry: opened.registry, changed: () => undefined });
    projects.push(inTerminal(await examineProject(project, context.signal)));
    // What was not looked for is not to be reported as missing.
    context.signal.throwIfAborted();
  }
  const report =
    options.format === "json" ? JSON.stringify(toSnakeCaseKeys({ projects }), null, 2) : toMarkdown(projects);
  context.terminal.data(opened.log.redact(inOptions(report)));
  return projects.some(({ problems }) => problems.some(({ severity }) => severity === "error")) ? 1 : 0;
}

/** There is no button to press here. */
function inTerminal(examined: DoctorProject): DoctorProject {
  const problems = examined.problems.map(({ severity, message, remedy }) => {
    const advice = whatToDo(remedy);
    return { severity, message: advice === undefined ? message : `${message} ${advice}` };
  });
  return { ...examined, problems };
}

/** What is wrong in the configuration is a part of the report. */
function quiet({ terminal }: CommandContext): CommandContext["terminal"] {
  return { ...terminal, words: () => undefined };
}
