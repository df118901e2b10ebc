import { readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { repoDir } from "../harness/environment.ts";
import type { Bench } from "./bench.ts";
import { run, scriptBeside } from "./commandLine.ts";
import { answers, startFloeServer } from "./floeServer.ts";
import { inTurns, median, timed } from "./measure.ts";
import { benchProject } from "./projects.ts";

const models = 120;

/** Every file of a project, against `sqlfluff lint`; and once more, unchanged. */
export const wholeProject: Bench = async ({ repetitions, python, storageDir, say }) => {
  const project = await benchProject("whole", models);
  const sqlfluffCommand = scriptBeside(python, "sqlfluff");
  const again: number[] = [];
  const cliAgain: number[] = [];
  const counts = new Map<string, Set<number>>();
  const found = (who: string, issues: number): void => {
    counts.set(who, (counts.get(who) ?? new Set()).add(issues));
  };

  const lintWithSqlfluff = async (processes: string[]): Promise<number> => {
    const ran = await run(sqlfluffCommand, ["lint", ".", "--format", "json", ...processes], project.dir);
    found("sqlfluff", sqlfluffIssues(ran.stdout));
    return ran.milliseconds;
  };
  const lintWithCli = async (cache: string): Promise<number> => {
    const cli = path.join(repoDir, "dist", "cli.js");
    const ran = await run(
      process.execPath,
      [cli, "lint", "--project-dir", project.dir, "--python", python, "--format", "json"],
      project.dir,
      {
        ...process.env,
        XDG_CACHE_HOME: path.join(storageDir, cache),
        LOCALAPPDATA: path.join(storageDir, cache),
      },
    );
    found("cli", cliReportSchema.parse(JSON.parse(ran.stdout)).issues.length);
    return ran.milliseconds;
  };

  say(`whole project: ${models} models, in turns`);
  const times = await inTurns(
    {
      command: { name: "`sqlfluff lint`", run: () => lintWithSqlfluff([]) },
      twoProcesses: {
        name: "`sqlfluff lint --processes 2`",
        run: () => lintWithSqlfluff(["--processes", "2"]),
      },
      cli: {
        name: "`floe-dbt lint`, nothing cached",
        async run(round) {
          const milliseconds = await lintWithCli(`whole-cli-${round}`);
          cliAgain.push(await lintWithCli(`whole-cli-${round}`));
          return milliseconds;
        },
      },
      server: {
        name: "warm, nothing cached",
        async run(round) {
          await using server = await startFloeServer({
            folder: project.dir,
            storageDir: path.join(storageDir, `whole-${round}`),
            python,
          });
          const ready = server.nextShown(answers("saved"));
          await server.open(project.review, await readFile(project.review, "utf8"));
          await ready;
          const milliseconds = await timed(async () => {
            const { errors, warnings, infos } = await server.lintProject();
            found("server", errors + warnings + infos);
          });
          for (let turn = 0; turn < 5; turn++) again.push(await timed(() => server.lintProject()));
          return milliseconds;
        },
      },
    },
    { warmUp: 1, repetitions: Math.min(3, repetitions) },
  );
  const secondLint = { name: "unchanged, in the editor", milliseconds: again };
  const described = [...counts].map(([who, issues]) => `${who} ${[...issues].join(" or ")}`).join(", ");
  return {
    title: `A whole project of ${models} models`,
    rows: [
      { what: "in the editor, against one process", ours: times.server, theirs: times.command, atLeast: 2 },
      { what: "... against two processes", ours: times.server, theirs: times.twoProcesses, atLeast: 2 },
      {
        what: "on the command line, against one process",
        ours: times.cli,
        theirs: times.command,
        atLeast: 2,
      },
      { what: "... against two processes", ours: times.cli, theirs: times.twoProcesses, atLeast: 2 },
      { what: "a second lint, nothing changed", ours: secondLint, theirs: times.command, atLeast: 50 },
      {
        what: "... on the command line, a new process",
        ours: { name: "unchanged", milliseconds: cliAgain },
        theirs: times.command,
      },
    ],
    notes: [
      `Issues found: ${described}.`,
      `\`sqlfluff lint\` had dbt's own target/partial_parse.msgpack from its second run on, as it has on a user's machine; the first is not counted. Fastest of the two \`sqlfluff lint\`: ${Math.min(
        median(times.command.milliseconds),
        median(times.twoProcesses.milliseconds),
      ).toFixed(0)} ms.`,
    ],
  };
};

const cliReportSchema = z.object({ issues: z.array(z.unknown()) });
const sqlfluffReportSchema = z.array(z.object({ violations: z.array(z.unknown()) }));

/** dbt may print before the report, which is the one line that is a JSON list. */
function sqlfluffIssues(stdout: string): number {
  const line = stdout.split("\n").findLast((each) => each.startsWith("["));
  if (line === undefined) throw new Error(`sqlfluff gave no report: ${stdout.slice(-500)}`);
  return sqlfluffReportSchema
    .parse(JSON.parse(line))
    .reduce((total, { violations }) => total + violations.length, 0);
}
