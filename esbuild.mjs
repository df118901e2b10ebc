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

// On an older Node a library fails with words nobody understands, before a line of ours has run.
const needsNode22 = `if (Number(process.versions.node.split(".")[0]) < 22) {
  process.stderr.write("floe-dbt needs Node 22 or newer; this is Node " + process.versions.node + ".\\n");
  process.exit(2);
}`;
const program = { banner: { js: `${needsNode22}\n${common.banner.js}` } };

// What speaks the protocol is half of the client, and wanted when the server starts: apart, it is not read to be activated.
const apart = {
  name: "language client apart",
  setup(build) {
    const itself = /^vscode-(languageclient\/node|languageserver-protocol)$/;
    build.onResolve({ filter: itself }, () => ({ path: "./languageClient.js", external: true }));
  },
};

const entries = [
  { entryPoints: { client: "client/extension.ts" }, external: ["vscode"], plugins: [apart] },
  { entryPoints: { languageClient: "vscode-languageclient/node" }, external: ["vscode"] },
  { entryPoints: { server: "server/main.ts" }, ...program },
  { entryPoints: { artifactReader: "server/manifest/readerThread.ts" } },
  { entryPoints: { cli: "server/cli.ts" }, ...program },
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
