// One table of entry points -> dist/. `node esbuild.mjs --watch` rebuilds on change; `--outdir=DIR` builds elsewhere.
import * as esbuild from "esbuild";

const watch = process.argv.includes("--watch");
const outdir =
  process.argv.find((argument) => argument.startsWith("--outdir="))?.slice("--outdir=".length) ?? "dist";

const common = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node22",
  minify: !watch,
  sourcemap: watch ? "linked" : false,
  keepNames: true,
  // ESM-only dependencies ask for import.meta.url; a CommonJS bundle has to spell it.
  define: { "import.meta.url": "__importMetaUrl" },
  banner: { js: 'const __importMetaUrl = require("url").pathToFileURL(__filename).href;' },
  logLevel: "warning",
};

const entries = [
  { entryPoints: { client: "client/extension.ts" }, external: ["vscode"] },
  { entryPoints: { server: "server/main.ts" } },
  { entryPoints: { artifactReader: "server/manifest/readerThread.ts" } },
  { entryPoints: { cli: "server/cli.ts" } },
  page("preview"),
];

/** A webview: its script and its style, for a browser. */
function page(name) {
  return {
    entryPoints: { [name]: `webviews/${name}/main.ts`, [`${name}-style`]: `webviews/${name}/${name}.css` },
    platform: "browser",
    format: "iife",
    target: "chrome120",
    define: {},
    banner: {},
  };
}

for (const entry of entries) {
  const options = { ...common, ...entry, outdir };
  if (watch) {
    const context = await esbuild.context(options);
    await context.watch();
  } else {
    await esbuild.build(options);
  }
}
