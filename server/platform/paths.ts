import path from "node:path";

/** Equal for paths that name one file: Windows ignores case, and its drive letters come in both. */
export function pathKey(filePath: string): string {
  return process.platform === "win32" ? filePath.toLowerCase() : filePath;
}

/** Whether `filePath` is `folder` or lies in it. On Windows upper and lower case are equal, as `path.relative` has it. */
export function isInside(filePath: string, folder: string): boolean {
  const relative = path.relative(folder, filePath);
  return (
    relative === "" ||
    (relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
  );
}

/** `dir` and the folders above it, nearest first, up to and including `topDir`; `dir` alone where it is not below that. */
export function foldersUpTo(dir: string, topDir: string): string[] {
  if (!isInside(dir, topDir)) return [dir];
  const folders = [dir];
  for (let at = dir; path.relative(topDir, at) !== "";) {
    at = path.dirname(at);
    folders.push(at);
  }
  return folders;
}
