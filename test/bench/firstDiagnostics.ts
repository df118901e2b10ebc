import { cp, readFile, rm } from "node:fs/promises";
import path from "node:path";
import type { Bench, BenchOptions } from "./bench.ts";
import { run, scriptBeside } from "./commandLine.ts";
import { answers, type FloeServer, startFloeServer } from "./floeServer.ts";
import { inTurns } from "./measure.ts";
import { benchProject, type BenchProject } from "./projects.ts";
import type { Row } from "./report.ts";
import { reviewModel } from "./reviewModel.ts";

const largeModels = 1000;

/** From starting the server to the first answer, against one `sqlfluff lint FILE`; and what a keystroke costs there. */
export const firstDiagnostics: Bench = async (options) => {
  const small = await benchProject("first-small", "sample");
  const large = await benchProject("first-large", largeModels);
  const rows = [
    ...(await openings(small, "the sample", options.repetitions, options)),
    ...(await openings(large, `${largeModels} models`, Math.min(3, options.repetitions), options)),
    await keystrokes(small, large, options),
  ];
  return {
    title: "The first diagnostics after opening a folder, and a keystroke in a large project",
    rows,
    notes: [
      "Cold: neither has anything from before. With target/: the project's own target/partial_parse.msgpack is there, as after any dbt command. Again: the folder was open before, so our own cache folder is there too; sqlfluff has target/.",
      "A keystroke shall cost no more in the large project: the goal leaves a tenth for noise, and no more. The first eight or so fall into the seconds in which dbt's second process is got ready, which takes longer there.",
    ],
  };
};

async function openings(
  project: BenchProject,
  title: string,
  repetitions: number,
  { python, storageDir, say }: BenchOptions,
): Promise<Row[]> {
  const target = path.join(project.dir, "target");
  const kept = path.join(storageDir, `target-of-${project.name}`);
  const ownCache = path.join(storageDir, `first-${project.name}`);
  const sqlfluff = async (): Promise<number> =>
    (await run(scriptBeside(python, "sqlfluff"), ["lint", project.review], project.dir)).milliseconds;
  const open = async (): Promise<number> => {
    const started = performance.now();
    await using server = await startFloeServer({ folder: project.dir, storageDir: ownCache, python });
    return (await openReview(server, project)) - started;
  };
  const noTarget = () => rm(target, { recursive: true, force: true });
  const oldTarget = async () => {
    await noTarget();
    await cp(kept, target, { recursive: true, preserveTimestamps: true });
  };
  const noCache = () => rm(ownCache, { recursive: true, force: true });

  say(`first diagnostics: ${title}, cold`);
  const cold = await inTurns(
    {
      ours: {
        name: "open to diagnostics",
        run: async () => (await noTarget(), await noCache(), await open()),
      },
      command: { name: "`sqlfluff lint FILE`", run: async () => (await noTarget(), await sqlfluff()) },
    },
    { warmUp: 0, repetitions },
  );
  await noTarget();
  await run(scriptBeside(python, "dbt"), ["parse"], project.dir);
  await cp(target, kept, { recursive: true, preserveTimestamps: true });
  say(`first diagnostics: ${title}, with target/ and again`);
  const warm = await inTurns(
    {
      ours: {
        name: "open to diagnostics",
        run: async () => (await oldTarget(), await noCache(), await open()),
      },
      again: { name: "open to diagnostics", run: async () => (await oldTarget(), await open()) },
      command: { name: "`sqlfluff lint FILE`", run: async () => (await oldTarget(), await sqlfluff()) },
    },
    { warmUp: 1, repetitions },
  );
  return [
    { what: `${title}, cold`, ours: cold.ours, theirs: cold.command, atLeast: 1 },
    { what: `${title}, with target/`, ours: warm.ours, theirs: warm.command, atLeast: 1 },
    { what: `${title}, again`, ours: warm.again, theirs: warm.command, atLeast: 1 },
  ];
}

async function keystrokes(
  small: BenchProject,
  large: BenchProject,
  { python, storageDir, repetitions, say }: BenchOptions,
): Promise<Row> {
  const start = (project: BenchProject) =>
    startFloeServer({
      folder: project.dir,
      storageDir: path.join(storageDir, `first-${project.name}`),
      python,
    });
  await using inSmall = await start(small);
  await using inLarge = await start(large);
  await openReview(inSmall, small);
  await openReview(inLarge, large);
  const edit = (server: FloeServer, { review }: BenchProject, name: string) => ({
    name,
    async run(round: number) {
      const mark = `key${round}`;
      const shown = server.nextShown(answers(mark));
      const started = performance.now();
      await server.change(review, reviewModel(mark));
      return (await shown) - started;
    },
  });
  say(`first diagnostics: keystrokes in ${largeModels} models and in the sample, in turns`);
  const times = await inTurns(
    {
      large: edit(inLarge, large, `in ${largeModels} models`),
      small: edit(inSmall, small, "in the sample"),
    },
    { warmUp: 2, repetitions: Math.max(16, repetitions * 2) },
  );
  // "No more" is read with a tenth for the noise of two processes on two cores.
  return { what: "a keystroke, large against small", ours: times.large, theirs: times.small, atLeast: 0.9 };
}

async function openReview(server: FloeServer, { review }: BenchProject): Promise<number> {
  const shown = server.nextShown(answers("saved"));
  await server.open(review, await readFile(review, "utf8"));
  return await shown;
}
