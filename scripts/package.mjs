// One .vsix at the root of the repo: build, then vsce. Fails when it is larger than users should have to download.
import { rmSync, statSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "./setup/child.mjs";
import { projectEnvironment, projectNode, repoDir, toolScript } from "./setup/nodeModules.mjs";

const limitBytes = 3 * 1024 * 1024;

/** dist/ from nothing, so that nothing old is packed. */
export async function build() {
  rmSync(path.join(repoDir, "dist"), { recursive: true, force: true });
  await run(projectNode, ["esbuild.mjs"], { cwd: repoDir });
}

/** @returns the path and the size in bytes of the .vsix */
export async function packageExtension() {
  const { name, version } = JSON.parse(readFileSync(path.join(repoDir, "package.json"), "utf8"));
  const vsix = path.join(repoDir, `${name}-${version}.vsix`);
  rmSync(vsix, { force: true });
  await build();
  await run(projectNode, [toolScript("@vscode/vsce/vsce"), "package", "--no-dependencies", "--out", vsix], {
    cwd: repoDir,
    env: projectEnvironment(),
  });
  return { vsix, bytes: statSync(vsix).size };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { vsix, bytes } = await packageExtension();
    console.log(`${path.basename(vsix)}: ${(bytes / 1024 / 1024).toFixed(2)} MB`);
    if (bytes > limitBytes) throw new Error(`The package must stay below ${limitBytes / 1024 / 1024} MB.`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
