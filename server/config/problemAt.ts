import type { ConfigProblem } from "./configProblem.ts";
import type { YamlFile } from "./yamlFile.ts";
import type { YamlPath } from "./yamlNodes.ts";

/** A problem at the value a path leads to, or at the key where there is no single value, or at the nearest key above. */
export function problemAt(
  file: YamlFile,
  path: YamlPath,
  code: string,
  message: string,
  severity: ConfigProblem["severity"] = "error",
): ConfigProblem {
  return { filePath: file.filePath, range: file.rangeOfValue(path), severity, code, message };
}

/** The same at the key, for what is wrong with the key itself. */
export function problemAtKey(
  file: YamlFile,
  path: YamlPath,
  code: string,
  message: string,
  severity: ConfigProblem["severity"] = "error",
): ConfigProblem {
  return { filePath: file.filePath, range: file.rangeOfKey(path), severity, code, message };
}

export function missingVariable(file: YamlFile, path: YamlPath, name: string): ConfigProblem {
  return problemAt(
    file,
    path,
    "missing-env-var",
    `The environment variable ${name} is not set. Set it (a .env file in the workspace will do), or give a default: env_var('${name}', '...').`,
  );
}
