import path from "node:path";
import type { ConfigProblem } from "./configProblem.ts";
import { dbtProjectProblems } from "./dbtProjectProblems.ts";
import { projectSchema, type ProjectKeys } from "./dbtProjectSchema.ts";
import { dbtOption, hasJinja, renderEnvVars } from "./envVar.ts";
import { problemAtKey } from "./problemAt.ts";
import { checkValue, isRecord, type Checked } from "./schemaProblems.ts";
import type { YamlFile } from "./yamlFile.ts";

/** The project's folders, all absolute. */
export interface ProjectPaths {
  models: string[];
  seeds: string[];
  snapshots: string[];
  analyses: string[];
  tests: string[];
  macros: string[];
  functions: string[];
  docs: string[];
  target: string;
  logs: string;
  packages: string;
}

export interface DbtProjectFile {
  name: string | null;
  /** null: none is named. undefined: what is named only dbt can tell, or the file cannot be read. */
  profile: string | null | undefined;
  version: string | null;
  requireDbtVersion: string[];
  vars: Record<string, unknown>;
  paths: ProjectPaths;
  problems: ConfigProblem[];
}

/** Reads dbt_project.yml with dbt's own defaults. The answer is complete, whatever the file is like. */
export function readDbtProject(
  file: YamlFile | undefined,
  projectDir: string,
  env: NodeJS.ProcessEnv,
): DbtProjectFile {
  const checked = file ? check(file, env) : { value: undefined, problems: [] };
  const value = checked.value ?? {};
  const required = value["require-dbt-version"] ?? [];
  return {
    name: value.name ?? null,
    profile: profileName(file, env),
    version: value.version == null ? null : (file?.sourceOf(["version"]) ?? String(value.version)),
    requireDbtVersion: (Array.isArray(required) ? required : required.split(",")).map((range) =>
      range.trim(),
    ),
    vars: value.vars ?? {},
    paths: projectPaths(value, projectDir, env),
    problems: checked.problems,
  };
}

function check(file: YamlFile, env: NodeJS.ProcessEnv): Checked<ProjectKeys> {
  if (!isRecord(file.value)) {
    if (file.broken) return { value: undefined, problems: file.problems };
    const what = file.value === null ? "is empty" : "is not a mapping of keys and values";
    const message = `dbt_project.yml ${what}. It needs at least "name" and "profile".`;
    return {
      value: undefined,
      problems: [...file.problems, problemAtKey(file, [], "invalid-file", message)],
    };
  }
  const checked = checkValue(
    projectSchema,
    file,
    [],
    file.value,
    // Rendered, it may be whatever is wanted.
    (value) => typeof value === "string" && hasJinja(value),
  );
  // Much of what looks wrong in a file that does not parse is there only because it does not.
  if (file.broken) return { value: checked.value, problems: file.problems };
  return {
    value: checked.value,
    problems: [...file.problems, ...checked.problems, ...dbtProjectProblems(file, file.value, env)],
  };
}

function profileName(file: YamlFile | undefined, env: NodeJS.ProcessEnv): string | null | undefined {
  const name = isRecord(file?.value) ? file.value["profile"] : undefined;
  if (name == null) return isRecord(file?.value) && !file.broken ? null : undefined;
  return typeof name === "string" ? (renderEnvVars(name, env).text ?? undefined) : undefined;
}

function projectPaths(value: ProjectKeys, projectDir: string, env: NodeJS.ProcessEnv): ProjectPaths {
  const folder = (named: string | null | undefined, byDefault: string) =>
    path.resolve(projectDir, renderEnvVars(named ?? byDefault, env).text ?? byDefault);
  const folders = (named: string[] | null | undefined, byDefault: string) =>
    (named ?? [byDefault]).map((each) => folder(each, byDefault));
  const sources = {
    models: folders(value["model-paths"] ?? value["source-paths"], "models"),
    seeds: folders(value["seed-paths"] ?? value["data-paths"], "seeds"),
    snapshots: folders(value["snapshot-paths"], "snapshots"),
    analyses: folders(value["analysis-paths"], "analyses"),
    tests: folders(value["test-paths"], "tests"),
    macros: folders(value["macro-paths"], "macros"),
    functions: folders(value["function-paths"], "functions"),
  };
  return {
    ...sources,
    docs: value["docs-paths"]
      ? folders(value["docs-paths"], "models")
      : [...new Set(Object.values(sources).flat())],
    target: folder(dbtOption(env, "TARGET_PATH")?.value ?? value["target-path"], "target"),
    logs: folder(dbtOption(env, "LOG_PATH")?.value ?? value["log-path"], "logs"),
    packages: folder(value["packages-install-path"], "dbt_packages"),
  };
}
