import path from "node:path";
import { closestName } from "./closestName.ts";
import type { ConfigProblem } from "./configProblem.ts";
import { dbtOption, hasJinja, renderEnvVars, textsIn } from "./envVar.ts";
import { knownProjectKeys, projectSchema, type ProjectKeys } from "./dbtProjectSchema.ts";
import { checkValue, isRecord } from "./schemaProblems.ts";
import type { YamlFile, YamlPath } from "./yamlFile.ts";

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
  /** null: none is named; undefined: one is named in Jinja that only dbt can evaluate. */
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
  const raw = file && isRecord(file.value) ? file.value : {};
  const checked =
    file && !emptyAndBroken(file) ? check(file, env) : { value: undefined, problems: file?.problems ?? [] };
  const value: ProjectKeys = checked.value ?? {};
  const resolve = (folder: string) => path.resolve(projectDir, folder);
  const folders = (
    key: keyof typeof projectSchema.shape,
    byDefault: string,
    formerKey?: keyof typeof projectSchema.shape,
  ) =>
    ((value[key] ?? (formerKey && value[formerKey]) ?? [byDefault]) as string[]).map((each) =>
      resolve(rendered(each, env) ?? byDefault),
    );
  const folder = (key: "target-path" | "log-path" | "packages-install-path", byDefault: string) =>
    resolve(rendered(value[key] ?? byDefault, env) ?? byDefault);

  const sources = {
    models: folders("model-paths", "models", "source-paths"),
    seeds: folders("seed-paths", "seeds", "data-paths"),
    snapshots: folders("snapshot-paths", "snapshots"),
    analyses: folders("analysis-paths", "analyses"),
    tests: folders("test-paths", "tests"),
    macros: folders("macro-paths", "macros"),
    functions: folders("function-paths", "functions"),
  };
  const required = value["require-dbt-version"] ?? [];
  return {
    name: value.name ?? null,
    profile:
      typeof raw["profile"] === "string" ? (renderEnvVars(raw["profile"], env).text ?? undefined) : null,
    version: value.version == null ? null : (file?.sourceOf(["version"]) ?? String(value.version)),
    requireDbtVersion: (Array.isArray(required) ? required : required.split(",")).map((range) =>
      range.trim(),
    ),
    vars: value.vars ?? {},
    paths: {
      ...sources,
      docs: value["docs-paths"]
        ? folders("docs-paths", "models")
        : [...new Set(Object.values(sources).flat())],
      target: resolve(dbtOption(env, "TARGET_PATH")?.value ?? folder("target-path", "target")),
      logs: resolve(dbtOption(env, "LOG_PATH")?.value ?? folder("log-path", "logs")),
      packages: folder("packages-install-path", "dbt_packages"),
    },
    problems: checked.problems,
  };
}

function emptyAndBroken(file: YamlFile): boolean {
  return file.broken && !isRecord(file.value);
}

function check(file: YamlFile, env: NodeJS.ProcessEnv) {
  const problem = (
    at: YamlPath,
    severity: ConfigProblem["severity"],
    code: string,
    message: string,
  ): ConfigProblem => ({
    filePath: file.filePath,
    range: file.rangeOfKey(at),
    severity,
    code,
    message,
  });
  if (!isRecord(file.value)) {
    const what = file.value === null ? "is empty" : "is not a mapping of keys and values";
    return {
      value: undefined,
      problems: [
        ...file.problems,
        problem(
          [],
          "error",
          "invalid-file",
          `dbt_project.yml ${what}. It needs at least "name" and "profile".`,
        ),
      ],
    };
  }
  const checked = checkValue(
    projectSchema,
    file,
    [],
    file.value,
    (value) => typeof value === "string" && hasJinja(value),
  );
  // Of a file that does not parse, what seems to be missing is most likely there.
  const found = file.broken
    ? checked.problems.filter(({ code }) => code !== "missing-key")
    : checked.problems;
  const keys = Object.keys(file.value);
  if (!keys.includes("name") && !file.broken) {
    found.push(
      problem(
        [],
        "error",
        "missing-key",
        '"name" is missing: every dbt project has one, such as "name: my_project".',
      ),
    );
  }

  for (const [former, now] of [
    ["source-paths", "model-paths"],
    ["data-paths", "seed-paths"],
  ] as const) {
    if (!keys.includes(former)) continue;
    found.push(
      keys.includes(now)
        ? problem(
            [former],
            "error",
            "deprecated-key",
            `"${former}" and "${now}" cannot both be there. Remove "${former}".`,
          )
        : problem([former], "warning", "deprecated-key", `"${former}" is now called "${now}". Rename it.`),
    );
  }
  if (file.value["tests"] && file.value["data_tests"]) {
    found.push(
      problem(
        ["tests"],
        "error",
        "deprecated-key",
        '"tests" and "data_tests" cannot both be there. Remove "tests".',
      ),
    );
  }
  for (const key of keys.filter((each) => !knownProjectKeys.includes(each))) {
    const meant = closestName(key, knownProjectKeys);
    found.push(
      meant === undefined
        ? // A newer dbt may know it.
          problem(
            [key],
            "warning",
            "unknown-key",
            `"${key}" is not a key of dbt_project.yml, and dbt refuses a project with keys it does not know. Settings of your own go under "vars" or "meta".`,
          )
        : problem(
            [key],
            "error",
            "unknown-key",
            `"${key}" is not a key of dbt_project.yml. Did you mean "${meant}"?`,
          ),
    );
  }
  return { value: checked.value, problems: [...file.problems, ...found, ...environmentProblems(file, env)] };
}

/** dbt renders the whole file, but for hooks, vars and the query comment, which wait until a node runs. */
function environmentProblems(file: YamlFile, env: NodeJS.ProcessEnv): ConfigProblem[] {
  const later = new Set(["on-run-start", "on-run-end", "query-comment", "vars"]);
  const hooks = new Set(["pre-hook", "post-hook", "pre_hook", "post_hook"]);
  const problems: ConfigProblem[] = [];
  for (const { text, path: at } of textsIn(file.value)) {
    if (later.has(String(at[0])) || at.some((key) => hooks.has(String(key).replace(/^[+ ]+/, "")))) continue;
    const { missing, names } = renderEnvVars(text, env);
    const secret = names.find((name) => name.startsWith("DBT_ENV_SECRET"));
    const range = () => file.rangeOfValue(at);
    if (secret !== undefined) {
      problems.push({
        filePath: file.filePath,
        range: range(),
        severity: "error",
        code: "secret-env-var",
        message: `dbt allows variables that start with DBT_ENV_SECRET in profiles.yml and packages.yml only. Use another name for ${secret} here.`,
      });
    } else if (missing[0] !== undefined) problems.push(missingVariable(file, at, missing[0]));
  }
  return problems;
}

export function missingVariable(file: YamlFile, at: YamlPath, name: string): ConfigProblem {
  return {
    filePath: file.filePath,
    range: file.rangeOfValue(at),
    severity: "error",
    code: "missing-env-var",
    message: `The environment variable ${name} is not set. Set it (a .env file in the workspace will do), or give a default: env_var('${name}', '...').`,
  };
}

function rendered(text: string, env: NodeJS.ProcessEnv): string | null {
  return renderEnvVars(text, env).text;
}
