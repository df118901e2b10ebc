// The engine of dbt Power User, a peer that `npm run bench` measures against: the Python of its npm package.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheDir, powerUserEngine as pinned, powerUserEngineDir } from "../pins.mjs";
import { fillFolder, isReady, markReady } from "./cache.mjs";
import { runNpm } from "./child.mjs";

const part = `power-user-${pinned.version}`;

export const powerUserEngine = {
  title: `dbt Power User's engine ${pinned.version}`,
  isReady: () => Promise.resolve(isReady(part) && existsSync(powerUserEngineDir())),
  async install() {
    await fillFolder(path.join(cacheDir(), part), async (folder) => {
      await writeFile(path.join(folder, "package.json"), '{ "private": true }\n');
      const quiet = ["--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"];
      await runNpm(["install", ...quiet, `@altimateai/dbt-integration@${pinned.version}`], { cwd: folder });
    });
    await markReady(part);
  },
};
