import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { cacheDir } from "../../scripts/pins.mjs";
import { repoDir, testPython } from "../harness/environment.ts";
import { activation } from "./activation.ts";
import type { Bench } from "./bench.ts";
import { compiledSql } from "./compiledSql.ts";
import { editToDiagnostics } from "./editToDiagnostics.ts";
import { firstDiagnostics } from "./firstDiagnostics.ts";
import { firstNode } from "./firstNode.ts";
import { fusion } from "./fusion.ts";
import { memory } from "./memory.ts";
import { indexRefresh } from "./indexRefresh.ts";
import { manifest } from "./manifest.ts";
import { isMet, machineLine, reportMarkdown } from "./report.ts";
import { typing } from "./typing.ts";
import { wholeProject } from "./wholeProject.ts";

/** Started by scripts/bench.mjs, which says what the options are. */
const benches: Record<string, Bench> = {
  editToDiagnostics,
  wholeProject,
  typing,
  firstDiagnostics,
  activation,
  memory,
  compiledSql,
  firstNode,
  manifest,
  indexRefresh,
  fusion,
};

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    repetitions: { type: "string", default: "7" },
    "no-write": { type: "boolean", default: false },
  },
});
const unknown = values.only.filter((name) => !(name in benches));
if (unknown.length > 0) {
  throw new Error(`There is no bench ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}.`);
}
const storageDir = path.join(cacheDir(), "bench", "storage");
const page = path.join(repoDir, "docs", "performance.md");

for (const [name, bench] of Object.entries(benches)) {
  if (values.only.length > 0 && !values.only.includes(name)) continue;
  await rm(storageDir, { recursive: true, force: true });
  await mkdir(storageDir, { recursive: true });
  try {
    const report = await bench({
      repetitions: Number(values.repetitions),
      python: testPython(),
      peerPython: testPython("dbtCoreInterface"),
      storageDir,
      say: (line) => console.error(`· ${line}`),
    });
    const section = `${reportMarkdown(report)}\n\n${machineLine()}`;
    console.log(`\n${section}\n`);
    if (!values["no-write"]) await write(name, section);
    if (report.rows.some((row) => isMet(row) === false)) console.error(`✗ ${name}: a goal was missed`);
  } catch (error) {
    // The others are still worth their time.
    console.error(`✗ ${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

/** Replaces what stands between the marks of this bench; the words around them are a person's. */
async function write(name: string, section: string): Promise<void> {
  const text = await readFile(page, "utf8");
  const [begin, end] = [`<!-- bench: ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no marks for ${name}.`);
  await writeFile(page, `${text.slice(0, from + begin.length)}\n\n${section}\n\n${text.slice(to)}`);
}
