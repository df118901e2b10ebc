import { build } from "esbuild";
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { run } from "../../../scripts/setup/child.mjs";
import { projectNode, repoDir, toolScript } from "../../../scripts/setup/nodeModules.mjs";

/** The test-only extension as a .vsix of its own, so that the product's holds nothing of the tests. */
export async function packageProbe(dir: string): Promise<string> {
  const source = path.join(repoDir, "test/editor/probe");
  const folder = path.join(dir, "probe");
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(source, "package.json"), path.join(folder, "package.json"));
  copyFileSync(path.join(repoDir, "LICENSE"), path.join(folder, "LICENSE"));
  await build({
    entryPoints: [path.join(source, "extension.ts")],
    outfile: path.join(folder, "probe.js"),
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["vscode"],
    sourcemap: "inline",
    logLevel: "warning",
  });
  const vsix = path.join(dir, "probe.vsix");
  await run(
    projectNode,
    [
      toolScript("@vscode/vsce/vsce"),
      "package",
      "--no-dependencies",
      "--allow-missing-repository",
      "--out",
      vsix,
    ],
    { cwd: folder },
  );
  return vsix;
}
