// Measures the product against what it must beat, side by side, and writes docs/performance.md's tables.
//   npm run bench -- [--only NAME]... [--repetitions N] [--no-write]
// NAME: editToDiagnostics, wholeProject, typing, firstDiagnostics, activation, memory, compiledSql, firstNode, manifest, indexRefresh,
// fusion. A full run takes forty minutes; on a machine that does something else its figures mean little.
import { spawn } from "node:child_process";
import path from "node:path";
import { packageExtension } from "./package.mjs";
import { partsFor, setUp } from "./setup.mjs";
import { projectEnvironment, projectNode, repoDir } from "./setup/nodeModules.mjs";

try {
  await setUp([...partsFor.bench(), ...partsFor.editorTests()]);
  const { vsix } = await packageExtension();
  process.exitCode = await run(
    ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "test/bench/main.ts", ...process.argv.slice(2)],
    { ...projectEnvironment(), FLOE_DBT_VSIX: vsix },
  );
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}

function run(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(projectNode, args, { cwd: repoDir, env, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
