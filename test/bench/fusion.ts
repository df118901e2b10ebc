import { writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { lintDocumentRequest } from "../../protocol/requests.ts";
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
    "An edit: a ref to a model that is not there, then a macro that is not there and that only compiling meets. The first is shown by a partial load of the one file, the second by the check of the whole project, both incremental.",
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

/**
 * An edit among 1,000 models, over the language server: until its mistake is shown, as a first look shows it, and until the
 * engine has checked all of the project, which alone shows a mistake that comes with compiling.
 */
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
  const first = server.nextShown(answers("first"));
  await server.open(project.review, reviewModel("first"));
  await first;
  const showing = (mark: string, mistake: string) => async (): Promise<void> => {
    const shown = server.nextShown((all) => all.some((each) => messageOf(each).includes(`nothing_${mark}`)));
    await server.change(project.review, `${reviewModel(mark)}\n${mistake}\n`);
    await shown;
  };
  const settled = (): Promise<unknown> =>
    server.connection.sendRequest(lintDocumentRequest, { uri: pathToFileURL(project.review).href });
  const edit = (name: string, kind: string, mistake: (mark: string) => string) => ({
    name,
    async run(round: number) {
      const mark = `${kind}${round}`;
      const milliseconds = await timed(showing(mark, mistake(mark)));
      // The next edit shall find nothing of this one under way.
      await settled();
      return milliseconds;
    },
  });
  const times = await inTurns(
    {
      first: edit(
        "didChange to publishDiagnostics of the unknown ref",
        "ref",
        (mark) => `-- {{ ref('nothing_${mark}') }}`,
      ),
      whole: edit(
        "didChange to publishDiagnostics of what only compiling shows",
        "macro",
        (mark) => `{% if execute %}{{ nothing_${mark}() }}{% endif %}`,
      ),
      theirs: { name: "`dbt parse`", run: () => bare(peer, "parse") },
    },
    { warmUp: 2, repetitions: Math.min(repetitions, 7) },
  );
  return [
    {
      what: "an edit among 1,000 models: its mistake is shown",
      ours: times.first,
      theirs: times.theirs,
      atLeast: 10,
    },
    { what: "... by itself", ours: times.first, atMost: 1000 },
    { what: "... the whole project is checked", ours: times.whole, theirs: times.theirs },
    { what: "... by itself", ours: times.whole, atMost: 1000 },
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
      // A tenth of a quarter of a second is less than what the machine does to one of them.
      { warmUp: 1, repetitions: Math.max(repetitions, 9) },
    );
    rows.push({ what: `${verb}, the sample`, ours: times.ours, theirs: times.theirs, atLeast: 1 / 1.1 });
  }
  return rows;
}
