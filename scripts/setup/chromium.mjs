// A browser without a display, from npm, with the libraries and fonts a bare machine lacks.
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheDir } from "../pins.mjs";
import { fillFolder, isReady, markReady } from "./cache.mjs";
import { run } from "./child.mjs";
import { projectNode, repoDir, toolScript } from "./nodeModules.mjs";

const part = () => `chromium-${version()}`;
const dir = () => path.join(cacheDir(), part());

const version = () =>
  JSON.parse(readFileSync(toolScript("@sparticuz/chromium/package.json"), "utf8")).version;

/** The binary, and the environment that points it at its own libraries and fonts. */
export function chromiumLaunch() {
  return {
    executablePath: path.join(dir(), "chromium"),
    env: {
      LD_LIBRARY_PATH: [path.join(dir(), "al2023/lib"), process.env.LD_LIBRARY_PATH]
        .filter(Boolean)
        .join(":"),
      FONTCONFIG_PATH: path.join(dir(), "fonts"),
    },
  };
}

export const chromium = {
  title: "Chromium",
  isReady: () =>
    Promise.resolve(existsSync(toolScript("@sparticuz")) && isReady(part()) && existsSync(dir())),
  async install() {
    if (process.platform !== "linux" || process.arch !== "x64") {
      throw new Error("Editor tests need Linux on x64: the Chromium of npm is built for it alone.");
    }
    await fillFolder(dir(), (folder) =>
      // It unpacks into the temporary folder, and its libraries only where it takes itself to be on a bare machine.
      run(projectNode, ["-e", 'import("@sparticuz/chromium").then((m) => m.default.executablePath())'], {
        cwd: repoDir,
        env: { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: "nodejs24.x" },
      }),
    );
    // Its own fonts.conf looks in /tmp/fonts.
    const fonts = path.join(dir(), "fonts");
    await writeFile(
      path.join(fonts, "fonts.conf"),
      [
        '<?xml version="1.0"?>',
        '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">',
        "<fontconfig>",
        `  <dir>${fonts}</dir>`,
        "  <dir>/usr/share/fonts</dir>",
        "  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>",
        `  <cachedir>${path.join(dir(), "fonts-cache")}</cachedir>`,
        "</fontconfig>",
        "",
      ].join("\n"),
    );
    await markReady(part());
  },
};
