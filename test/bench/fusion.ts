import { writeFile } from "node:fs/promises";
import path from "node:path";
import { RedactingLog } from "../../server/platform/log.ts";
import type { DbtPlugin } from "../../server/plugins/dbtPlugin.ts";
import { createFusionPlugin } from "../../server/plugins/fusion/fusionPlugin.ts";
import { type EngineCommand, engineArguments, runEngine } from "../../server/plugins/fusion/runEngine.ts";
import { testEngine } from "../harness/environment.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import { run } from "./commandLine.ts";
import { answers, messageOf, startFloeServer } from "./floeServer.ts";
import { inTurns, timed } from "./measure.ts";
import { type BenchProject, benchProject } from "./projects.ts";
import type { Row } from "./report.ts";
import { reviewModel } from "./reviewModel.ts";

/** The dbt v2 engine behind the plugin, against the same binary in a terminal. */
export const fusion: Bench = async (options) => ({
  title: "The dbt v2 engine (Fusion)",
  rows: [...(await edits(options)), ...(await reading(options)), ...(await overhead(options))],
  notes: [
    "From an edit to the engine's diagnostics: didChange to publishDiagnostics, of a ref to a model that is not there, with the engine's incremental parse.",
    "Reading: processor time of this process from the start of the command to its result, against the engine's own time; the goal is less than a twentieth.",
    "The overhead goal is less than a tenth above the bare command.",
  ],
});

const { dbt, env: driver } = testEngine();
const env = { ...process.env, ...driver };
const log = new RedactingLog(() => undefined);

function bare(project: BenchProject, verb: EngineCommand["verb"]): Promise<number> {
  const command: EngineCommand = {
    dbt,
    verb,
    cwd: project.dir,
    profilesDir: project.dir,
    env,
  };
  return run(dbt, engineArguments(command), project.dir, env).then(({ milliseconds }) => milliseconds);
}

/** An edit among 1,000 models, over the language server. */
async function edits({ repetitions, python, storageDir, say }: BenchOptions): Promise<Row[]> {
  say("fusion: edits among 1,000 models");
  const project = await benchProject("fusion-1000", 1000);
  const peer = await benchProject("fusion-parse-1000", 1000);
  await using server = await startFloeServer({
    folder: project.dir,
    storageDir: path.join(storageDir, "fusion-1000"),
    python,
    settings: { runtime: "fusion", fusion: { path: dbt } },
    env,
  });
  const text = (mark: string) => `${reviewModel(mark)}\n-- {{ ref('nothing_${mark}') }}\n`;
  const shown = (mark: string) =>
    server.nextShown((all) => all.some((each) => messageOf(each).includes(`nothing_${mark}`)));
  const first = server.nextShown(answers("first"));
  await server.open(project.review, reviewModel("first"));
  await first;
  const times = await inTurns(
    {
      ours: {
        name: "didChange to the engine's publishDiagnostics",
        async run(round) {
          const mark = `edit${round}`;
          const answer = shown(mark);
          return timed(async () => {
            await server.change(project.review, text(mark));
            await answer;
          });
        },
      },
      theirs: { name: "`dbt parse`", run: () => bare(peer, "parse") },
    },
    { warmUp: 1, repetitions: Math.min(repetitions, 7) },
  );
  return [
    { what: "an edit among 1,000 models", ours: times.ours, theirs: times.theirs, atLeast: 10 },
    { what: "... by itself", ours: times.ours, atMost: 1000 },
  ];
}

interface Heard {
  events: number;
  diagnostics: number;
}

/** What it costs to read what the engine says. */
async function reading({ repetitions, say }: BenchOptions): Promise<Row[]> {
  say("fusion: reading what the engine says");
  const wrong = await benchProject("fusion-diagnostics", 1000);
  const models = path.join(wrong.dir, "models", "generated");
  for (let index = 0; index < 1000; index++) {
    await writeFile(
      path.join(models, `wrong_${index}.sql`),
      `select 1 as id from {{ ref('nothing_${index}') }}\n`,
    );
  }
  const loud = await benchProject("fusion-events", 1000);
  await writeFile(
    path.join(loud.dir, "models", "loud.sql"),
    "{% for line in range(10000) %}{% do log('line ' ~ line, info=true) %}{% endfor %}select 1 as id\n",
  );
  const rows: Row[] = [];
  for (const { what, project, heard } of [
    { what: "1,000 diagnostics", project: wrong, heard: ({ diagnostics }: Heard) => diagnostics >= 1000 },
    { what: "10,000 log events", project: loud, heard: ({ events }: Heard) => events >= 10_000 },
  ]) {
    const times = await inTurns(
      {
        ours: {
          name: "processor time of all of it here",
          async run() {
            let events = 0;
            const before = process.cpuUsage();
            const command: EngineCommand = {
              dbt,
              verb: "parse",
              cwd: project.dir,
              profilesDir: project.dir,
              env,
            };
            const { diagnostics } = await runEngine(command, log, {
              onEvent: ({ type }) => void (events += type === "log" ? 1 : 0),
            });
            const { user, system } = process.cpuUsage(before);
            if (!heard({ events, diagnostics: diagnostics.length })) {
              throw new Error(
                `Of ${what}, ${events} events and ${diagnostics.length} diagnostics were heard.`,
              );
            }
            return (user + system) / 1000;
          },
        },
        theirs: { name: "`dbt parse` of 1,000 models", run: () => bare(project, "parse") },
      },
      { warmUp: 1, repetitions: Math.min(repetitions, 3) },
    );
    rows.push({ what, ours: times.ours, theirs: times.theirs, atLeast: 20 });
  }
  return rows;
}

/** The same command through the plugin and in a terminal. */
async function overhead({ repetitions, storageDir, say }: BenchOptions): Promise<Row[]> {
  say("fusion: commands, in turns with the terminal");
  const project = await benchProject("fusion-ours", "sample");
  const peer = await benchProject("fusion-bare", "sample");
  await using plugin = createFusionPlugin({
    log,
    storageDir: path.join(storageDir, "fusion-plugin"),
    settingsOf: () => Promise.resolve({ enginePath: dbt }),
    env,
  });
  const ref = { projectDir: project.dir, profilesDir: project.dir };
  await plugin.seed?.(ref);
  await bare(peer, "seed");
  const ways: [EngineCommand["verb"], (its: DbtPlugin) => Promise<unknown>][] = [
    ["compile", (its) => its.compileProject(ref)],
    ["run", (its) => its.runModels(ref, {})],
    ["test", (its) => its.runTests(ref, {})],
  ];
  const rows: Row[] = [];
  for (const [verb, way] of ways) {
    const times = await inTurns(
      {
        ours: { name: "through the plugin", run: () => timed(() => way(plugin)) },
        theirs: { name: `\`dbt ${verb}\``, run: () => bare(peer, verb) },
      },
      { warmUp: 1, repetitions },
    );
    rows.push({ what: `${verb}, the sample`, ours: times.ours, theirs: times.theirs, atLeast: 1 / 1.1 });
  }
  return rows;
}
