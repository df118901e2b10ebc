// A real VS Code for the browser, from npm, without its native build: what is missing then only costs log noise.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheDir, codeServerVersion } from "../pins.mjs";
import { fillFolder, isReady, markReady } from "./cache.mjs";
import { run, runNpm } from "./child.mjs";
import { projectNode } from "./nodeModules.mjs";

const part = `code-server-${codeServerVersion}`;
const dir = path.join(cacheDir(), part);

/** The script that starts it, to be run with `projectNode`. */
export const codeServerEntry = path.join(dir, "node_modules/code-server/out/node/entry.js");

export const codeServer = {
  title: `VS Code in the browser (code-server ${codeServerVersion})`,
  async isReady() {
    if (!existsSync(codeServerEntry)) return false;
    if (isReady(part)) return true;
    if (!(await isWhole())) return false;
    await markReady(part);
    return true;
  },
  async install() {
    await fillFolder(dir, async (folder) => {
      await writeFile(path.join(folder, "package.json"), '{ "private": true }\n');
      const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
      await runNpm(["install", ...quiet, `code-server@${codeServerVersion}`], { cwd: folder });
      const vscode = path.join(folder, "node_modules/code-server/lib/vscode");
      await runNpm(["install", "--omit=dev", ...quiet], { cwd: vscode });
      await runNpm(["install", "--omit=dev", ...quiet], { cwd: path.join(vscode, "extensions") });
    });
    await markReady(part);
  },
};

async function isWhole() {
  const vscode = path.join(dir, "node_modules/code-server/lib/vscode");
  if (!existsSync(path.join(vscode, "node_modules/.package-lock.json"))) return false;
  if (!existsSync(path.join(vscode, "extensions/node_modules/.package-lock.json"))) return false;
  return run(projectNode, [codeServerEntry, "--version"]).then(
    (printed) => printed.includes(codeServerVersion),
    () => false,
  );
}
