import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Bench } from "./bench.ts";
import { scriptBeside } from "./commandLine.ts";
import { benchPlugin } from "./localPlugin.ts";
import { inTurns } from "./measure.ts";
import { benchProject } from "./projects.ts";
import type { Row } from "./report.ts";

const model = "stg_drinks";

/** From asking for a run to the first node that begins, warm, against the same run in a terminal. */
export const firstNode: Bench = async ({ repetitions, python, storageDir, say }) => {
  const rows: Row[] = [];
  for (const [label, size] of [
    ["the sample", "sample"],
    ["1,000 models", 1000],
  ] as const) {
    say(`first node: ${label}`);
    const project = await benchProject(`first-node-${size}`, size);
    const commandProject = await benchProject(`first-node-command-${size}`, size);
    await using plugin = benchPlugin(python, path.join(storageDir, `first-node-${size}`));
    const ours = async (): Promise<number> => {
      const started = performance.now();
      let first = 0;
      await plugin.runModels(
        { projectDir: project.dir, profilesDir: project.dir },
        { select: model },
        {
          onEvent: ({ type }) => {
            if (type === "nodeStarted" && first === 0) first = performance.now() - started;
          },
        },
      );
      if (first === 0) throw new Error("No node began.");
      return first;
    };
    const timed = await inTurns(
      {
        ours: { name: "asked to first node", run: ours },
        terminal: { name: "`dbt run` in a terminal", run: () => terminal(python, commandProject.dir) },
      },
      { warmUp: 1, repetitions: Math.min(repetitions, 5) },
    );
    rows.push({ what: label, ours: timed.ours, theirs: timed.terminal, atLeast: 4 });
  }
  return {
    title: "From asking for a run to its first node",
    rows,
    notes: ["Both have run once before: dbt's partial parse is there, nothing has changed since."],
  };
};

/** Milliseconds from the start of the process to dbt's own event of the first node. */
async function terminal(python: string, dir: string): Promise<number> {
  const started = performance.now();
  const args = ["--log-format", "json", "--log-level", "debug", "run", "--select", model];
  const child = spawn(scriptBeside(python, "dbt"), args, { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
  let first = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (first === 0 && line.includes('"name": "NodeStart"')) first = performance.now() - started;
  }
  if (first === 0) throw new Error("dbt run began no node.");
  return first;
}
