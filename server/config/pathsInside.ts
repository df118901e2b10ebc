import path from "node:path";

/** Whether `inner` is `dir` itself or lies below it. On Windows upper and lower case are equal, as `path.relative` has it. */
export function isInside(dir: string, inner: string): boolean {
  const relative = path.relative(dir, inner);
  return (
    relative === "" ||
    (relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
  );
}

/** The folder and those above it, nearest first, up to and including `topDir`; the folder alone where it is not below it. */
export function foldersUpTo(dir: string, topDir: string): string[] {
  if (!isInside(topDir, dir)) return [dir];
  const folders = [dir];
  for (let at = dir; path.relative(topDir, at) !== "";) {
    at = path.dirname(at);
    folders.push(at);
  }
  return folders;
}
