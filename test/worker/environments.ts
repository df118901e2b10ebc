import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { pythonIn } from "../../scripts/pins.mjs";
import { testPython } from "../harness/environment.ts";

export interface PythonEnvironment extends AsyncDisposable {
  readonly python: string;
}

/**
 * An environment of its own with links to the packages of "dbt111", which stays as it is. Made in a second, without pip.
 * @param without packages left out: every entry of site-packages whose name matches
 * @param files what is added, by path below its packages; a name that is there already is replaced. "at_start.py" is run
 * whenever its Python starts
 */
export async function pythonEnvironment(
  without: RegExp | null,
  files: Record<string, string> = {},
): Promise<PythonEnvironment> {
  const dir = await realpath(await mkdtemp(path.join(tmpdir(), "floe-dbt-python-")));
  const run = promisify(execFile);
  await run(testPython(), ["-m", "venv", "--without-pip", path.join(dir, "venv")]);
  const python = pythonIn(path.join(dir, "venv"));
  const sitePackages = async (of: string) =>
    (await run(of, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])).stdout.trim();
  const packages = path.join(dir, "packages");
  const shared = await sitePackages(testPython());
  const own = new Set(Object.keys(files).map((file) => file.split("/")[0]));
  await mkdir(packages);
  for (const name of await readdir(shared)) {
    if (without?.test(name) || own.has(name) || name.endsWith(".pth")) continue;
    await symlink(path.join(shared, name), path.join(packages, name), "junction");
  }
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(packages, file)), { recursive: true });
    await writeFile(path.join(packages, file), content);
  }
  // Not as sitecustomize.py: the Python of some systems has one already, and takes that.
  const atStart = "at_start.py" in files ? "import at_start\n" : "";
  await writeFile(path.join(await sitePackages(python), "packages.pth"), `${packages}\n${atStart}`);
  return { python, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true, maxRetries: 10 }) };
}
