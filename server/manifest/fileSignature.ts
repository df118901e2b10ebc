import { stat } from "node:fs/promises";

/** Which text a file holds, as far as can be told without reading it; null where there is none. */
export async function fileSignature(filePath: string): Promise<string | null> {
  try {
    const { size, mtimeMs, ino } = await stat(filePath);
    return `${size} ${mtimeMs} ${ino}`;
  } catch {
    return null;
  }
}
