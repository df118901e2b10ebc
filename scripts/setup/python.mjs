// Virtual environments with pinned dbt and SQLFluff.
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  benchEnvironments,
  pythonEnvironmentDir,
  pythonEnvironments,
  pythonIn,
  pythonLayers,
} from "../pins.mjs";
import { isReady, markReady } from "./cache.mjs";
import { run } from "./child.mjs";

const oldest = [3, 10];

/** One environment as a part of the set-up. A venv holds its own absolute path, so it is made where it stays. */
export function pythonEnvironment(name) {
  const dir = pythonEnvironmentDir(name);
  const python = pythonIn(dir);
  const pinned = { ...pythonEnvironments, ...benchEnvironments }[name];
  const part = `python-${path.basename(dir)}`;
  return {
    title: `Python environment ${name} (${pinned.slice(0, 2).join(", ")})`,
    async isReady() {
      if (!existsSync(python)) return false;
      if (isReady(part)) return true;
      if (!(await holds(python, pinned))) return false;
      await markReady(part);
      return true;
    },
    async install() {
      const base = await findPython();
      await rm(dir, { recursive: true, force: true });
      await run(base, ["-m", "venv", dir]);
      await run(python, [
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "-q",
        ...pinned,
      ]);
      await markReady(part);
    },
  };
}

/** Packages on top of another environment, which is a part of its own and has to be there first. */
export function pythonLayer(name) {
  const dir = pythonEnvironmentDir(name);
  const python = pythonIn(dir);
  const { on, pinned } = pythonLayers[name];
  const base = pythonIn(pythonEnvironmentDir(on));
  const part = `python-${path.basename(dir)}`;
  return {
    title: `Python environment ${name} (${pinned.join(", ")} on ${on})`,
    after: pythonEnvironment(on).title,
    isReady: () => Promise.resolve(isReady(part) && existsSync(python) && existsSync(base)),
    async install() {
      await rm(dir, { recursive: true, force: true });
      await run(base, ["-m", "venv", "--without-pip", dir]);
      const [packages, basePackages] = await Promise.all([python, base].map(packagesOf));
      await writeFile(path.join(packages, `${on}.pth`), `${basePackages}\n`);
      const quiet = ["--disable-pip-version-check", "--no-input", "-q"];
      const only = ["--no-deps", "--only-binary=:all:", "--target", packages];
      await run(base, ["-m", "pip", "install", ...quiet, ...only, ...pinned]);
      await markReady(part);
    },
  };
}

async function packagesOf(python) {
  const printed = await run(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
  return printed.trim();
}

async function holds(python, pinned) {
  const program = [
    "import sys",
    "from importlib.metadata import version",
    "for pin in sys.argv[1:]:",
    "    name, wanted = pin.split('==')",
    "    assert version(name) == wanted, name",
    // The Rust engine is one file without a Python module.
    "if any(pin.startswith('sqlfluff') for pin in sys.argv[1:]): import dbt.cli.main, sqlfluff",
  ].join("\n");
  return run(python, ["-c", program, ...pinned]).then(
    () => true,
    () => false,
  );
}

async function findPython() {
  const seen = [];
  for (const command of process.platform === "win32" ? ["python", "python3", "py"] : ["python3", "python"]) {
    const program = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.executable)";
    const printed = await run(command, ["-c", program]).catch(() => undefined);
    if (!printed) continue;
    const [version, ...rest] = printed.trim().split(" ");
    const [major, minor] = version.split(".").map(Number);
    if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) {
      const executable = rest.join(" ");
      await run(executable, ["-c", "import venv, ensurepip"]).catch(() => {
        throw new Error(
          `${executable} cannot make virtual environments. Install its venv module (Debian and Ubuntu: apt install python3-venv) and try again.`,
        );
      });
      return executable;
    }
    seen.push(`${command} is ${version}`);
  }
  throw new Error(
    `Python ${oldest.join(".")} or newer is needed${seen.length > 0 ? ` (${seen.join(", ")})` : ", and no python3 is on PATH"}. Install it and try again.`,
  );
}
