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
