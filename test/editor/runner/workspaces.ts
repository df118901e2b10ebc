import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";

/**
 * Makes a workspace as it was made for a suite, in place: what is as it should be is not touched, so that a window which has
 * it open sees only what differs.
 * @param make writes the workspace into an empty folder
 * @param scratch a folder that is not there
 */
export function makeAnew(workspace: string, make: (dir: string) => void, scratch: string): void {
  mkdirSync(scratch, { recursive: true });
  make(scratch);
  mirror(scratch, workspace);
  rmSync(scratch, { recursive: true, force: true });
}

function mirror(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const wanted = new Set(readdirSync(from));
  for (const name of readdirSync(to)) {
    if (!wanted.has(name)) rmSync(path.join(to, name), { recursive: true, force: true, maxRetries: 5 });
  }
  for (const name of wanted) {
    const [source, copy] = [path.join(from, name), path.join(to, name)];
    if (statSync(source).isDirectory()) mirror(source, copy);
    else if (!hasText(copy, readFileSync(source))) cpSync(source, copy);
  }
}

function hasText(file: string, text: Buffer): boolean {
  try {
    return readFileSync(file).equals(text);
  } catch {
    return false; // it is not there
  }
}
