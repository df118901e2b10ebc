import path from "node:path";
import type { ConfigProblem } from "./configProblem.ts";
import type { ConfigReader } from "./configReader.ts";
import { problemAtKey } from "./problemAt.ts";
import { isRecord } from "./schemaProblems.ts";
import type { YamlFile } from "./yamlFile.ts";

/** Mistakes in packages.yml and dependencies.yml that keep dbt from reading the project. */
export async function packageFileProblems(
  reader: ConfigReader,
  projectDir: string,
): Promise<ConfigProblem[]> {
  const packages = await reader.read(path.join(projectDir, "packages.yml"));
  const dependencies = await reader.read(path.join(projectDir, "dependencies.yml"));
  const problems = [packages, dependencies].flatMap((file) => (file ? problemsOf(file) : []));
  // Much of what looks wrong in a file that does not parse is there only because it does not.
  if (!packages || packages.broken) return problems;
  if (
    dependencies &&
    !dependencies.broken &&
    hasKey(packages, "packages") &&
    hasKey(dependencies, "packages")
  ) {
    problems.push(
      problem(
        dependencies,
        "packages",
        '"packages" is in packages.yml as well. dbt allows it in one of the two files only.',
      ),
    );
  }
  if (hasKey(packages, "projects")) {
    problems.push(
      problem(packages, "projects", '"projects" belongs in dependencies.yml, not in packages.yml.'),
    );
  }
  return problems;
}

function problemsOf(file: YamlFile): ConfigProblem[] {
  if (file.broken) return file.problems;
  if (file.value !== null && !isRecord(file.value)) {
    return [...file.problems, problem(file, null, 'This file must be a mapping with a list of "packages".')];
  }
  const wrong = ["packages", "projects"].filter(
    (key) => isRecord(file.value) && file.value[key] != null && !Array.isArray(file.value[key]),
  );
  return [...file.problems, ...wrong.map((key) => problem(file, key, `"${key}" must be a list.`))];
}

function hasKey(file: YamlFile, key: string): boolean {
  return isRecord(file.value) && Object.hasOwn(file.value, key);
}

function problem(file: YamlFile, key: string | null, message: string): ConfigProblem {
  return problemAtKey(file, key === null ? [] : [key], "invalid-packages", message);
}
