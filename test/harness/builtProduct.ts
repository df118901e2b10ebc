import { execFile } from "node:child_process";
import { cp, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { repoDir, workerDir } from "./environment.ts";

export interface BuiltProduct extends AsyncDisposable {
  /** Absolute paths of the built entry points. */
  readonly server: string;
  readonly cli: string;
}

/** The product as it is shipped, in a folder of its own: others may be building and packaging dist/ meanwhile. */
export async function buildProduct(): Promise<BuiltProduct> {
  const dir = await realpath(await mkdtemp(path.join(tmpdir(), "floe-dbt-build-")));
  const dist = path.join(dir, "dist");
  await promisify(execFile)(process.execPath, ["esbuild.mjs", `--outdir=${dist}`], { cwd: repoDir });
  await cp(workerDir, path.join(dir, "worker"), { recursive: true });
  return {
    server: path.join(dist, "server.js"),
    cli: path.join(dist, "cli.js"),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true, maxRetries: 10 }),
  };
}
