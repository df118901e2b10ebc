import type { RunRequest } from "./run.ts";
import type { ProjectStatus } from "./runtime.ts";

/** What an environment may be able to do beyond the verbs that each of them has: compile all, run, test. */
export const dbtCapabilities = [
  "fixText",
  "lintUnsaved",
  /** Linting a file checks the project with it: YAML files are worth linting, and unsaved text of all files is wanted. */
  "checkProject",
  "setUpEnvironment",
  "build",
  "seed",
  "snapshot",
  "compileSelection",
  "deps",
  "listNodes",
  "compileNode",
  "preview",
  "manifestUpdate",
  "prepareRuns",
  "nodeStates",
  "resumeRun",
  "deployed",
  "remote",
] as const;
export type DbtCapability = (typeof dbtCapabilities)[number];

/** What a client asks for before it offers something: a capability, or that SQL is linted at all. */
export type ProjectCapability = DbtCapability | "lint";
export const projectCapabilities = [...dbtCapabilities, "lint"] as const;

/** Whether a project's environment has it. Where nobody has said what it has, it is asked, and says so itself. */
export function can({ capabilities }: Pick<ProjectStatus, "capabilities">, what: ProjectCapability): boolean {
  return capabilities?.includes(what) ?? true;
}

/** What of the environment a run needs; undefined where each of them can do it. */
export function needOf({
  verb,
  select,
  exclude,
}: Pick<RunRequest, "verb" | "select" | "exclude">): DbtCapability | undefined {
  switch (verb) {
    case "run":
    case "test":
      return undefined;
    case "compile":
      return select || exclude ? "compileSelection" : undefined;
    case "build":
    case "seed":
    case "snapshot":
    case "deps":
      return verb;
  }
}

/** One sentence for a person who has reached what the environment of their project cannot do. */
export function cannot(runtime: string | null, what: ProjectCapability): string {
  return `The ${runtime ?? "chosen"} environment cannot ${words[what] ?? "do that"}.`;
}

const words: Partial<Record<ProjectCapability, string>> = {
  build: 'do "dbt build"',
  seed: 'do "dbt seed"',
  snapshot: 'do "dbt snapshot"',
  compileSelection: "compile a part of the project: compile the whole project instead",
  deps: "install packages",
  compileNode: "compile the text of one file",
  preview: "run a query and show its rows",
  fixText: "fix SQL",
  lint: "lint SQL",
  setUpEnvironment: "make a Python environment: it has none",
};
