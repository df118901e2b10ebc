import { createWriteStream } from "node:fs";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  CompletionRequest,
  DefinitionRequest,
  DidOpenTextDocumentNotification,
  type ProtocolConnection,
} from "vscode-languageserver-protocol/node";
import { manifestInfoRequest, treeRequest } from "../../protocol/requests.ts";
import { cacheDir } from "../../scripts/pins.mjs";
import { readArtifact } from "../../server/manifest/artifactReader.ts";
import { ManifestIndex } from "../../server/manifest/manifestIndex.ts";
import { repoDir } from "../harness/environment.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import type { Bench } from "./bench.ts";
import { run } from "./commandLine.ts";
import { startFloeServer } from "./floeServer.ts";
import { inTurns, type Samples } from "./measure.ts";

const models = 10_000;
const megabyte = 1024 * 1024;

/** A manifest of 10,000 models: until the tree is there, what a look at it costs, and what it leaves in memory. */
export const manifest: Bench = async ({ repetitions, python, storageDir, say }) => {
  say("manifest: generating");
  const dir = path.join(cacheDir(), "bench", "manifest");
  const file = await largeProject(dir, models);
  const { size } = await stat(file);
  const parse = path.join(dir, "parse.mjs");
  await writeFile(parse, bareParse);

  say("manifest: loads in turns with JSON.parse");
  const longest: number[] = [];
  const loads = await inTurns(
    {
      ours: {
        name: "server started to the tree's first rows",
        run: async (round) => {
          await using server = await startFloeServer({
            folder: dir,
            storageDir: path.join(storageDir, `manifest-${round}`),
            python,
            trusted: false,
          });
          const started = performance.now();
          let isDone = false;
          const watching = longestAnswer(server.connection, () => isDone);
          await rowsOf(server.connection, dir);
          const took = performance.now() - started;
          isDone = true;
          longest.push(await watching);
          return took;
        },
      },
      theirs: {
        name: "`JSON.parse(readFileSync(file, 'utf8'))`",
        run: async () => Number((await run(process.execPath, [parse, file], dir)).stdout),
      },
    },
    { warmUp: 1, repetitions: Math.min(repetitions, 5) },
  );

  say("manifest: looks");
  await using server = await startFloeServer({
    folder: dir,
    storageDir: path.join(storageDir, "manifest-looks"),
    python,
    trusted: false,
  });
  const { connection } = server;
  await rowsOf(connection, dir);
  const uri = uriOfPath(path.join(dir, "models", "d7", "model_7.sql"));
  const text = "select * from {{ ref('model_4321') }} join {{ ref('') }}\n";
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "sql", version: 1, text },
  });
  const at = (word: string): { line: number; character: number } => ({
    line: 0,
    character: text.indexOf(word) + 1,
  });
  const looks: Record<string, () => Promise<unknown>> = {
    "the list of folders": () =>
      connection.sendRequest(treeRequest, { projectDir: dir, grouping: "folder", parent: "/smodel" }),
    "10,000 models in one list": () =>
      connection.sendRequest(treeRequest, { projectDir: dir, grouping: "package", parent: "/smodel/fbench" }),
    "a model's 1,000 children": () =>
      connection.sendRequest(treeRequest, {
        projectDir: dir,
        grouping: "package",
        parent: "/smodel/fbench/nmodel.bench.model_0/d",
      }),
    "a filter of two words": () =>
      connection.sendRequest(treeRequest, { projectDir: dir, grouping: "folder", filter: "model_12 d12" }),
    "a definition": () =>
      connection.sendRequest(DefinitionRequest.type, { textDocument: { uri }, position: at("model_4321") }),
    "a completion": () =>
      connection.sendRequest(CompletionRequest.type, { textDocument: { uri }, position: at("') }}\n") }),
  };
  const rows = [];
  for (const [what, look] of Object.entries(looks)) {
    const samples: Samples = { name: "request to answer", milliseconds: [] };
    await look();
    for (let turn = 0; turn < 20; turn += 1) {
      const started = performance.now();
      await look();
      samples.milliseconds.push(performance.now() - started);
    }
    rows.push({ what, ours: samples, atMost: 20 });
  }

  const heap = await heapOf(file, dir);
  const notes = [
    `The manifest: ${models} models, ${(size / megabyte).toFixed(0)} MB.`,
    `Heap of the index after the load: ${(heap / megabyte).toFixed(0)} MB, ${(heap / size).toFixed(2)} times the file (goal: below 1.5).`,
    `While it loads, a request that needs nothing of it waits at most ${Math.max(...longest).toFixed(0)} ms in the worst of ${longest.length} loads, this process's own delays included.`,
    await beyondOneString(storageDir, say),
  ];
  return {
    title: `The manifest of ${models} models`,
    rows: [
      {
        what: "until the tree is there, against a bare parse",
        ours: loads.ours,
        theirs: loads.theirs,
        atLeast: 1 / 3,
      },
      ...rows,
    ],
    notes,
  };
};

async function rowsOf(connection: ProtocolConnection, projectDir: string): Promise<void> {
  for (;;) {
    const { rows } = await connection.sendRequest(treeRequest, { projectDir, grouping: "folder" });
    if (rows.length > 0) return;
  }
}

/** The longest answer to a question that costs nothing, asked again and again until `isDone`. */
async function longestAnswer(connection: ProtocolConnection, isDone: () => boolean): Promise<number> {
  let longest = 0;
  // The first one waits until the projects are found.
  await connection.sendRequest(manifestInfoRequest, {});
  while (!isDone()) {
    const started = performance.now();
    await connection.sendRequest(manifestInfoRequest, {});
    longest = Math.max(longest, performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return longest;
}

/** Bytes that the index of a manifest takes on this thread's heap. */
async function heapOf(file: string, projectDir: string): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const index = new ManifestIndex({
    projectDir,
    projectName: "bench",
    packagesDir: path.join(projectDir, "dbt_packages"),
  });
  await readArtifact("manifest", file, {
    thread: path.join(repoDir, "dist", "artifactReader.js"),
    signal: new AbortController().signal,
    onParts: (nodes) => {
      for (const node of nodes) index.add(node);
    },
  });
  collect();
  const taken = process.memoryUsage().heapUsed - before;
  if (index.size === 0) throw new Error("The manifest has no nodes.");
  return taken;
}

/** V8's longest string has 512 MB. */
async function beyondOneString(storageDir: string, say: (line: string) => void): Promise<string> {
  say("manifest: one that is larger than a string can be");
  const dir = path.join(storageDir, "beyond");
  const file = await largeProject(dir, models, 56_000);
  const { size } = await stat(file);
  let nodes = 0;
  const started = performance.now();
  await readArtifact("manifest", file, {
    thread: path.join(repoDir, "dist", "artifactReader.js"),
    signal: new AbortController().signal,
    onParts: (parts) => {
      nodes += parts.length;
    },
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  await rm(dir, { recursive: true, force: true });
  return `One of ${(size / megabyte).toFixed(0)} MB, which no JavaScript string can hold: ${nodes} nodes in ${seconds} s.`;
}

const bareParse = `import { readFileSync } from "node:fs";
const started = performance.now();
const manifest = JSON.parse(readFileSync(process.argv[2], "utf8"));
if (!manifest.nodes) throw new Error("no manifest");
process.stdout.write(String(performance.now() - started));
`;

/** @param codeBytes of the SQL of each model, as written and compiled. @returns path of its manifest.json */
async function largeProject(dir: string, count: number, codeBytes = 5_000): Promise<string> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(path.join(dir, "target"), { recursive: true });
  await mkdir(path.join(dir, "models", "d7"), { recursive: true });
  await writeFile(path.join(dir, "models", "d7", "model_7.sql"), "select 1\n");
  // The one that a definition leads to.
  await mkdir(path.join(dir, "models", "d21"), { recursive: true });
  await writeFile(path.join(dir, "models", "d21", "model_4321.sql"), "select 1\n");
  await writeFile(path.join(dir, "dbt_project.yml"), 'name: bench\nversion: "1.0"\nprofile: bench\n');
  const file = path.join(dir, "target", "manifest.json");
  const out = createWriteStream(file);
  const metadata = {
    dbt_schema_version: "https://schemas.getdbt.com/dbt/manifest/v12.json",
    dbt_version: "1.11.16",
    generated_at: "2026-01-02T03:04:05.000000Z",
    project_name: "bench",
    adapter_type: "duckdb",
  };
  out.write(`{"metadata": ${JSON.stringify(metadata)}, "nodes": {`);
  for (let at = 0; at < count; at += 1) {
    const entry = modelEntry(at, codeBytes);
    const isWaiting = !out.write(
      `${at === 0 ? "" : ", "}${JSON.stringify(entry.unique_id)}: ${JSON.stringify(entry)}`,
    );
    if (isWaiting) await once(out, "drain");
  }
  out.end('}, "sources": {}, "macros": {}, "docs": {}, "exposures": {}, "parent_map": {}, "child_map": {}}');
  await once(out, "finish");
  return file;
}

function modelEntry(at: number, codeBytes: number) {
  const name = `model_${at}`;
  const folder = `d${at % 100}`;
  const parents = at === 0 ? [] : [...new Set([at - 1, at % 10 === 0 ? 0 : at >> 1])];
  const line = "    coalesce(orders.amount, 0) as amount, -- what was paid\n";
  const code = line.repeat(Math.ceil(codeBytes / 2 / line.length));
  return {
    database: "bench",
    schema: "main",
    name,
    resource_type: "model",
    package_name: "bench",
    path: `${folder}/${name}.sql`,
    original_file_path: `models/${folder}/${name}.sql`,
    unique_id: `model.bench.${name}`,
    fqn: ["bench", folder, name],
    alias: name,
    checksum: { name: "sha256", checksum: "0".repeat(64) },
    config: {
      enabled: true,
      materialized: at % 3 === 0 ? "table" : "view",
      tags: [`tag_${at % 20}`],
      meta: {},
      quoting: {},
    },
    tags: [`tag_${at % 20}`],
    description: `What ${name} is for, in a sentence as long as people write them when they have the time.`,
    columns: Object.fromEntries(
      Array.from({ length: 25 }, (_, column) => [
        `column_${column}`,
        {
          name: `column_${column}`,
          description: column % 3 === 0 ? `What column ${column} of ${name} means.` : "",
          data_type: "varchar",
          meta: {},
          constraints: [],
          quote: null,
          config: { meta: {}, tags: [] },
          tags: [],
          doc_blocks: [],
        },
      ]),
    ),
    patch_path: `bench://models/${folder}/schema.yml`,
    raw_code: code,
    compiled_code: code,
    language: "sql",
    refs: [],
    depends_on: { macros: [], nodes: parents.map((parent) => `model.bench.model_${parent}`) },
    relation_name: `"bench"."main"."${name}"`,
  };
}
