import { randomUUID } from "node:crypto";
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { SkippedFile } from "../../../protocol/lint.ts";
import type { FixResult } from "../dbtPlugin.ts";

export type NotWritten = Pick<SkippedFile, "reason" | "unwritten">;

/**
 * Lets `fix` mend a file's text (with "\n" line ends, without a byte order mark) and writes what comes of it, whole or not
 * at all. The file keeps its line ends, byte order mark and mode; a link stays a link.
 * @returns null if the file was written, else why it was not
 */
export async function writeFixedText(
  filePath: string,
  fix: (text: string) => Promise<FixResult>,
): Promise<NotWritten | null> {
  let before: Buffer;
  try {
    before = await readFile(filePath);
  } catch (error) {
    return { reason: `it cannot be read (${codeOf(error)})` };
  }
  const text = decodeUtf8(before);
  if (text === null) return { reason: "it is not UTF-8" };
  const bom = text.startsWith("\uFEFF");
  const crlf = count(text, "\r\n") * 2 > count(text, "\n");
  const lf = (bom ? text.slice(1) : text).replaceAll("\r\n", "\n");

  const { text: fixed, reason } = await fix(lf);
  if (fixed === null) return { reason: reason ?? "nothing to fix" };
  const ends = crlf ? fixed.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n") : fixed;
  const after = Buffer.from((bom ? "\uFEFF" : "") + ends, "utf8");
  if (after.equals(before)) return { reason: "nothing to fix" };

  try {
    const target = await realpath(filePath);
    if (!(await readFile(target)).equals(before)) return { reason: "it changed meanwhile", unwritten: true };
    await replaceFile(target, after);
    return null;
  } catch (error) {
    return { reason: `it cannot be written (${codeOf(error)})`, unwritten: true };
  }
}

async function replaceFile(target: string, content: Buffer): Promise<void> {
  const { mode } = await stat(target);
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function decodeUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const count = (text: string, what: string): number => text.split(what).length - 1;
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
