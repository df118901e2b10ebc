import path from "node:path";
import { URI } from "vscode-uri";

/** The only place where URIs become paths and paths URIs. */

/** Absolute path of a `file:` URI, as this platform writes it; null for every other scheme (untitled, git, ...). */
export function pathOfUri(uri: string): string | null {
  const parsed = URI.parse(uri);
  return parsed.scheme === "file" ? path.normalize(parsed.fsPath) : null;
}

export function uriOfPath(filePath: string): string {
  return URI.file(filePath).toString();
}

/** Equal for paths that name one file: Windows ignores case, and its drive letters come in both. */
export function pathKey(filePath: string): string {
  return process.platform === "win32" ? filePath.toLowerCase() : filePath;
}

/** Whether `filePath` is `folder` or lies in it. */
export function isInside(filePath: string, folder: string): boolean {
  const relative = path.relative(pathKey(folder), pathKey(filePath));
  return (
    relative === "" ||
    (!relative.startsWith(`..${path.sep}`) && relative !== ".." && !path.isAbsolute(relative))
  );
}
