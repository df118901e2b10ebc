import path from "node:path";
import { DbtError } from "../plugins/errors.ts";
import { shortened, withoutControls } from "../runs/runLog.ts";
import { whatToDo } from "./remedies.ts";

/** Characters; a macro may raise a megabyte. */
const longest = 8_000;

/** An error in words: with the place it is about, relative to `baseDir`, where they do not say it themselves, and what to do. */
export function errorWords(error: unknown, baseDir: string): string {
  if (!(error instanceof Error)) return String(error);
  const words = shortened(withoutControls(error.message.trim()), longest);
  if (!(error instanceof DbtError)) return words;
  const advice = whatToDo(error.remedy);
  return advice === undefined
    ? withPlace(words, error, baseDir)
    : `${withPlace(words, error, baseDir)}${words.includes("\n") ? "\n" : " "}${advice}`;
}

function withPlace(words: string, { filePath, line, column }: DbtError, baseDir: string): string {
  if (filePath === undefined || words.includes(path.basename(filePath))) return words;
  const place = [path.relative(baseDir, filePath), line, column];
  return `${words} (${place.filter((each) => each !== undefined).join(":")})`;
}
