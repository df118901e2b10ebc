// DuckDB's library as a driver of the Rust engine (ADBC), which without one would download it.
import { existsSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { duckdbDriver as pinned, duckdbDriverDir } from "../pins.mjs";
import { fillFolder, isReady, markReady } from "./cache.mjs";
import { runNpm } from "./child.mjs";

const part = `duckdb-driver-${pinned.version}`;
const platform = `${process.platform}-${process.arch}`;
const library = { linux: "libduckdb.so", darwin: "libduckdb.dylib", win32: "duckdb.dll" }[process.platform];
/** How a driver's file names this platform. */
const driverPlatform = {
  "linux-x64": "linux_amd64",
  "linux-arm64": "linux_arm64",
  "darwin-x64": "macos_amd64",
  "darwin-arm64": "macos_arm64",
  "win32-x64": "windows_amd64",
}[platform];

export const duckdbDriver = {
  title: `DuckDB driver ${pinned.version}`,
  isReady: () => Promise.resolve(isReady(part) && existsSync(path.join(duckdbDriverDir(), "duckdb.toml"))),
  async install() {
    if (!driverPlatform) throw new Error(`There is no DuckDB driver for ${platform}.`);
    const dir = duckdbDriverDir();
    await fillFolder(dir, async (folder) => {
      await writeFile(path.join(folder, "package.json"), '{ "private": true }\n');
      const name = `@duckdb/node-bindings-${platform}`;
      const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
      await runNpm(["install", ...quiet, `${name}@${pinned.version}`], { cwd: folder });
      await copyFile(path.join(folder, "node_modules", name, library), path.join(folder, library));
      await writeFile(
        path.join(folder, "duckdb.toml"),
        [
          "manifest_version = 1",
          "[ADBC]",
          'version = "1.1.0"',
          "[Driver]",
          'entrypoint = "duckdb_adbc_init"',
          "[Driver.shared]",
          `${driverPlatform} = ${JSON.stringify(path.join(dir, library))}`,
          "",
        ].join("\n"),
      );
    });
    await markReady(part);
  },
};
