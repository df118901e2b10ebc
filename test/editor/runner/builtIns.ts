import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { codeServerEntry } from "../../../scripts/setup/codeServer.mjs";

/**
 * What of the editor's own extensions a project of SQL and YAML has to do with. The rest (Git, Copilot, TypeScript ...) costs
 * each window that opens processor time, and nothing else.
 */
const wanted = [
  ...["sql", "yaml", "json", "python", "markdown-basics", "log", "configuration-editing"],
  ...["json-language-features", "theme-defaults", "theme-seti", "theme-modern-icons"],
];

/** Links them into a folder. @returns what code-server needs to take that one */
export function onlyNeededBuiltIns(dir: string): string[] {
  const all = path.resolve(codeServerEntry, "../../../lib/vscode/extensions");
  mkdirSync(dir, { recursive: true });
  for (const name of wanted) symlinkSync(path.join(all, name), path.join(dir, name));
  return ["--vscode-option", `builtin-extensions-dir=${dir}`];
}
