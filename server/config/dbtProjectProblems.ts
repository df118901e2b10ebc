import { closestName } from "./closestName.ts";
import type { ConfigProblem } from "./configProblem.ts";
import { knownProjectKeys } from "./dbtProjectSchema.ts";
import { renderEnvVars, textsIn } from "./envVar.ts";
import { missingVariable, problemAt, problemAtKey } from "./problemAt.ts";
import type { YamlFile } from "./yamlFile.ts";

/** Mistakes in dbt_project.yml that are not about the type of one value, each as dbt itself would refuse or warn. */
export function dbtProjectProblems(
  file: YamlFile,
  keys: Record<string, unknown>,
  env: NodeJS.ProcessEnv,
): ConfigProblem[] {
  return [
    ...missingName(file, keys),
    ...formerKeys(file, keys),
    ...unknownProjectKeys(file, keys),
    ...environmentProblems(file, env),
  ];
}

function missingName(file: YamlFile, keys: Record<string, unknown>): ConfigProblem[] {
  if (keys["name"] != null) return [];
  const message = '"name" is missing: every dbt project has one, such as "name: my_project".';
  return [problemAtKey(file, ["name"], "missing-key", message)];
}

function formerKeys(file: YamlFile, keys: Record<string, unknown>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const renamed = { "source-paths": "model-paths", "data-paths": "seed-paths" };
  for (const [former, now] of Object.entries(renamed)) {
    if (!(former in keys)) continue;
    problems.push(
      now in keys
        ? problemAtKey(
            file,
            [former],
            "deprecated-key",
            `"${former}" and "${now}" cannot both be there. Remove "${former}".`,
          )
        : problemAtKey(
            file,
            [former],
            "deprecated-key",
            `"${former}" is now called "${now}". Rename it.`,
            "warning",
          ),
    );
  }
  if (keys["tests"] && keys["data_tests"]) {
    const message = '"tests" and "data_tests" cannot both be there. Remove "tests".';
    problems.push(problemAtKey(file, ["tests"], "deprecated-key", message));
  }
  return problems;
}

function unknownProjectKeys(file: YamlFile, keys: Record<string, unknown>): ConfigProblem[] {
  return Object.keys(keys)
    .filter((key) => !knownProjectKeys.includes(key))
    .map((key) => {
      const is = `"${key}" is not a key of dbt_project.yml`;
      const meant = closestName(key, knownProjectKeys);
      if (meant !== undefined) {
        return problemAtKey(file, [key], "unknown-key", `${is}. Did you mean "${meant}"?`);
      }
      // A newer dbt may know it.
      const message = `${is}, and dbt refuses a project with keys it does not know. Values of your own go under "vars".`;
      return problemAtKey(file, [key], "unknown-key", message, "warning");
    });
}

/** dbt renders the whole file at once, but for hooks, vars and the query comment, which wait until a node runs. */
function environmentProblems(file: YamlFile, env: NodeJS.ProcessEnv): ConfigProblem[] {
  const later = new Set(["on-run-start", "on-run-end", "query-comment", "vars"]);
  const hooks = new Set(["pre-hook", "post-hook", "pre_hook", "post_hook"]);
  const problems: ConfigProblem[] = [];
  for (const { text, path } of textsIn(file.value)) {
    if (later.has(String(path[0])) || path.some((key) => hooks.has(String(key).replace(/^[+ ]+/, "")))) {
      continue;
    }
    const { missing, names } = renderEnvVars(text, env);
    const secret = names.find((name) => name.startsWith("DBT_ENV_SECRET"));
    if (secret !== undefined) {
      const message = `dbt allows variables that start with DBT_ENV_SECRET in profiles.yml and packages.yml only. Use another name for ${secret} here.`;
      problems.push(problemAt(file, path, "secret-env-var", message));
    } else if (missing[0] !== undefined) {
      problems.push(missingVariable(file, path, missing[0]));
    }
  }
  return problems;
}
