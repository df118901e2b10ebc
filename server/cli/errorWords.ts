import path from "node:path";
import { DbtError } from "../plugins/errors.ts";

/** An error in words: with the place it is about, relative to `baseDir`, where they do not say it themselves. */
export function errorWords(error: unknown, baseDir: string): string {
  if (!(error instanceof Error)) return String(error);
  const words = error.message.trim();
  if (!(error instanceof DbtError) || error.filePath === undefined) return words;
  if (words.includes(path.basename(error.filePath))) return words;
  const place = [path.relative(baseDir, error.filePath), error.line, error.column];
  return `${words} (${place.filter((each) => each !== undefined).join(":")})`;
}
