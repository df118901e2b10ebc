import path from "node:path";
import { powerUserEngineDir } from "../../scripts/pins.mjs";
import type { Bench } from "./bench.ts";
import { run, scriptBeside } from "./commandLine.ts";
import { benchPlugin } from "./localPlugin.ts";
import { inTurns, median, timed } from "./measure.ts";
import { benchProject } from "./projects.ts";
import { startPythonLoop } from "./pythonLoop.ts";
import type { Row } from "./report.ts";
import { reviewModel } from "./reviewModel.ts";

/** From unsaved text of a 60-line model to its SQL, warm, in a small project and a large one. */
export const compiledSql: Bench = async ({ repetitions, python, peerPython, storageDir, say }) => {
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const [label, size] of [
    ["the sample", "sample"],
    ["1,000 models", 1000],
  ] as const) {
    say(`compiled SQL: ${label}`);
    const project = await benchProject(`compile-${size}`, size);
    const peerProject = await benchProject(`compile-peer-${size}`, size);
    const powerUserProject = await benchProject(`compile-power-user-${size}`, size);
    const commandProject = await benchProject(`compile-command-${size}`, size);
    await using plugin = benchPlugin(python, path.join(storageDir, `compile-${size}`));
    await using peer = startPythonLoop(peerPython, "peer_compile.py", peerProject.dir);
    await using powerUser = startPythonLoop(peerPython, "power_user_compile.py", powerUserProject.dir, {
      POWER_USER_ENGINE: powerUserEngineDir(),
    });
    const compile = async (mark: string): Promise<number> => {
      let sql: string | null = null;
      const milliseconds = await timed(async () => {
        const text = reviewModel(mark);
        const ref = { projectDir: project.dir, profilesDir: project.dir };
        ({ sql } = await plugin.compileNode!(ref, { path: project.review, text }));
      });
      requireMark(sql, mark);
      return milliseconds;
    };
    const warm = await inTurns(
      {
        ours: { name: "unsaved text to SQL", run: (round) => compile(`ours${round}`) },
        peer: {
          name: "dbt-core-interface `compile_sql`",
          async run(round) {
            const answer = await peer.ask({ path: peerProject.review, text: reviewModel(`peer${round}`) });
            requireMark(answer.messages[0] ?? null, `peer${round}`);
            return answer.seconds * 1000;
          },
        },
      },
      { warmUp: 3, repetitions: repetitions * 3 },
    );
    const live = await inTurns(
      {
        ours: { name: "unsaved text to SQL", run: (round) => compile(`live${round}`) },
        powerUser: {
          name: "dbt Power User's engine",
          async run(round) {
            const text = reviewModel(`power${round}`);
            const answer = await powerUser.ask({ path: powerUserProject.review, text });
            requireMark(answer.messages[0] ?? null, `power${round}`);
            return answer.seconds * 1000;
          },
        },
      },
      { warmUp: 2, repetitions },
    );
    const dbt = scriptBeside(python, "dbt");
    const cold = await inTurns(
      {
        ours: { name: "unsaved text to SQL", run: (round) => compile(`again${round}`) },
        command: {
          name: "`dbt compile --select`",
          run: async () =>
            (await run(dbt, ["compile", "--select", "order_review"], commandProject.dir)).milliseconds,
        },
      },
      { warmUp: 1, repetitions: Math.min(repetitions, size === "sample" ? 5 : 3) },
    );
    const peerMedian = median(warm.peer.milliseconds);
    rows.push(
      { what: `${label}, against the command line`, ours: cold.ours, theirs: cold.command, atLeast: 100 },
      {
        what: `${label}, against the peer kept warm`,
        ours: warm.ours,
        theirs: warm.peer,
        atLeast: peerMedian / (peerMedian + 10),
      },
      {
        what: `${label}, against a live preview of today`,
        ours: live.ours,
        theirs: live.powerUser,
        atLeast: 5,
      },
    );
  }
  notes.push(
    "dbt Power User's engine is the Python of its npm package, kept warm in a process of its own: for each text its preview reads the project anew (`init_project`), then compiles the text (`compile_sql`). Its way from VS Code to Python is not counted.",
    "The goal against the peer is no more than 10 ms above it; its time is taken inside its process, ours includes the way there and back.",
  );
  return { title: "From unsaved text to its SQL (60-line model)", rows, notes };
};

function requireMark(sql: string | null, mark: string): void {
  if (sql?.includes(`unused_${mark}`) !== true) throw new Error(`The SQL is not of the text ${mark}: ${sql}`);
}
