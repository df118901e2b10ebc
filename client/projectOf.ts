import path from "node:path";

/** Whether `filePath` is `dir` or lies below it. Drive letters and case are compared as the platform does. */
function isWithin(dir: string, filePath: string): boolean {
  const relative = path.relative(dir, filePath);
  return relative === "" || (!path.isAbsolute(relative) && relative.split(path.sep)[0] !== "..");
}

/** The project that owns a file: the deepest of those that hold it. */
export function projectOf<Project extends { projectDir: string }>(
  filePath: string,
  projects: readonly Project[],
): Project | undefined {
  return projects
    .filter((project) => isWithin(project.projectDir, filePath))
    .toSorted((a, b) => b.projectDir.length - a.projectDir.length)[0];
}
