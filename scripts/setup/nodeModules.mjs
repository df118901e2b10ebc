// node_modules as package-lock.json has it, Node 24 included.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { runNpm } from "./child.mjs";

export const repoDir = path.resolve(import.meta.dirname, "../..");

/** The Node 24 of node_modules: what everything but these set-up scripts runs on. */
export const projectNode = path.join(
  repoDir,
  "node_modules/node/bin",
  process.platform === "win32" ? "node.exe" : "node",
);

/** A script of a package in node_modules, to be run with `projectNode`. */
export const toolScript = (file) => path.join(repoDir, "node_modules", file);

/** node_modules/.bin first on PATH, as npm does it. */
export function projectEnvironment() {
  const bin = [path.join(repoDir, "node_modules/.bin"), path.dirname(projectNode)];
  return { ...process.env, PATH: [...bin, process.env.PATH].join(path.delimiter) };
}

export const nodeModules = {
  title: "Node modules",
  isReady: () => Promise.resolve(existsSync(projectNode) && installedIsLocked()),
  install: () => runNpm(["ci", "--no-audit", "--no-fund"], { cwd: repoDir }),
};

/** npm writes node_modules/.package-lock.json last, so what it lists is what is there. */
function installedIsLocked() {
  const wanted = packagesOf("package-lock.json");
  const installed = packagesOf("node_modules/.package-lock.json");
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([folder, entry]) => {
    if (folder === "") return true;
    const there = installed[folder];
    return there ? there.version === entry.version : entry.optional === true;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(path.join(repoDir, file), "utf8")).packages;
  } catch {
    return undefined;
  }
}
