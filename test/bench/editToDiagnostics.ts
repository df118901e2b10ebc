import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Bench } from "./bench.ts";
import { run, scriptBeside } from "./commandLine.ts";
import { answers, messageOf, startFloeServer } from "./floeServer.ts";
import { inTurns, median } from "./measure.ts";
import { benchProject } from "./projects.ts";
import { startPythonLoop } from "./pythonLoop.ts";
import { markOf, reviewModel } from "./reviewModel.ts";

/** As a ratio: ours may take 1.15 times as long. */
const withinFifteenPercent = 1 / 1.15;

/** One edit of a 60-line model, warm: from didChange to the answer to that text, against everything that lints it too. */
export const editToDiagnostics: Bench = async ({ repetitions, python, peerPython, storageDir, say }) => {
  const project = await benchProject("edit", "sample");
  const peerProject = await benchProject("edit-peer", "sample");
  // Each in a copy of its own: a DuckDB file is one process's at a time.
  const plainProject = await benchProject("edit-plain", "sample");
  const commandProject = await benchProject("edit-command", "sample");
  const { review } = project;
  await using server = await startFloeServer({
    folder: project.dir,
    storageDir: path.join(storageDir, "edit"),
    python,
  });
  await using sqlfluff = startPythonLoop(python, "sqlfluff_stages.py", plainProject.dir);
  await using peer = startPythonLoop(peerPython, "peer_lint.py", peerProject.dir);
  const stages: Record<string, number[]> = {};
  const issueCounts = { ours: new Set<number>(), sqlfluff: new Set<number>() };
  const peerMarks: (string | null)[] = [];

  const first = server.nextShown(answers("saved"));
  await server.open(review, await readFile(review, "utf8"));
  await first;

  const edit = async (text: string, wanted: Parameters<typeof server.nextShown>[0]): Promise<number> => {
    const shown = server.nextShown(wanted);
    const started = performance.now();
    await server.change(review, text);
    return (await shown) - started;
  };

  say("edit to diagnostics: warm, in turns");
  const warm = await inTurns(
    {
      ours: {
        name: "didChange to publishDiagnostics",
        async run(round) {
          const milliseconds = await edit(reviewModel(`ours${round}`), answers(`ours${round}`));
          issueCounts.ours.add(server.shown.at(-1)?.diagnostics.length ?? 0);
          return milliseconds;
        },
      },
      stages: {
        name: "SQLFluff in process",
        async run(round) {
          const mark = `plain${round}`;
          const answer = await sqlfluff.ask({ path: plainProject.review, text: reviewModel(mark) });
          requireMark(answer.messages, mark, "SQLFluff in process");
          issueCounts.sqlfluff.add(answer.messages.length);
          for (const [stage, seconds] of Object.entries(answer.stages ?? {}))
            (stages[stage] ??= []).push(seconds * 1000);
          return answer.seconds * 1000;
        },
      },
      peerText: {
        name: "dbt-core-interface `lint(text)`",
        async run(round) {
          const mark = `text${round}`;
          const answer = await peer.ask({ path: peerProject.review, text: reviewModel(mark), how: "text" });
          peerMarks.push(answer.messages.map(markOf).find((found) => found === mark) ?? null);
          return answer.seconds * 1000;
        },
      },
      peerJinja: {
        name: "dbt-core-interface `lint(text)`, Jinja templater",
        async run(round) {
          const mark = `jinja${round}`;
          const answer = await peer.ask({ path: peerProject.review, text: reviewModel(mark), how: "jinja" });
          requireMark(answer.messages, mark, "dbt-core-interface with the Jinja templater");
          return answer.seconds * 1000;
        },
      },
      peerFile: {
        name: "dbt-core-interface `lint(Path)` of the saved text",
        async run(round) {
          const mark = `file${round}`;
          await writeFile(peerProject.review, reviewModel(mark));
          const answer = await peer.ask({ path: peerProject.review, text: "", how: "file" });
          requireMark(answer.messages, mark, "dbt-core-interface with a path");
          return answer.seconds * 1000;
        },
      },
    },
    { warmUp: 2, repetitions: repetitions * 2 },
  );

  say("edit to diagnostics: against the command line, in turns");
  const sqlfluffCommand = scriptBeside(python, "sqlfluff");
  const cold = await inTurns(
    {
      ours: {
        name: "didChange to publishDiagnostics",
        run: (round) => edit(reviewModel(`again${round}`), answers(`again${round}`)),
      },
      command: {
        name: "`sqlfluff lint FILE`",
        async run() {
          const ran = await run(sqlfluffCommand, ["lint", commandProject.review], commandProject.dir);
          if (!ran.stdout.includes("unused_saved"))
            throw new Error(`sqlfluff did not lint it: ${ran.stdout}${ran.stderr}`);
          return ran.milliseconds;
        },
      },
    },
    { warmUp: 1, repetitions },
  );

  say("edit to diagnostics: mistakes, shown a wave earlier");
  const wave = await inTurns(
    {
      template: {
        name: "unknown ref to its error",
        run: (round) =>
          edit(reviewModel(`bad${round}`).replace("ref('stg_huts')", `ref('gone_${round}')`), (diagnostics) =>
            diagnostics.some((each) => messageOf(each).includes(`gone_${round}`)),
          ),
      },
      parse: {
        name: "broken SQL to its error",
        run: (round) =>
          edit(
            reviewModel(`broken${round}`).replace("place\nfrom", `place place_${round} ) (\nfrom`),
            (diagnostics) => diagnostics.some((each) => each.code === "PRS"),
          ),
      },
      good: {
        name: "mended again",
        run: (round) => edit(reviewModel(`good${round}`), answers(`good${round}`)),
      },
    },
    { warmUp: 1, repetitions },
  );

  const peerAnswered = peerMarks.filter((mark) => mark !== null).length;
  const textRow = {
    what: "one edit, against the peer's warm lint of the unsaved text",
    ours: warm.ours,
    theirs: warm.peerText,
  };
  return {
    title: "From an edit to its diagnostics (60-line model, dbt templater)",
    rows: [
      { what: "one edit, against the command line", ours: cold.ours, theirs: cold.command, atLeast: 15 },
      // Where it answers nothing, its time is no measure of a lint: it is shown, without a goal.
      peerAnswered === peerMarks.length ? { ...textRow, atLeast: 1 } : textRow,
      { what: "... its lint of unsaved text without dbt", ours: warm.ours, theirs: warm.peerJinja },
      {
        what: "... its lint of the same text, saved, with dbt",
        ours: warm.ours,
        theirs: warm.peerFile,
        atLeast: 1,
      },
      {
        what: "... against the linter itself, kept warm",
        ours: warm.ours,
        theirs: warm.stages,
        atLeast: withinFifteenPercent,
      },
      { what: "a template error is shown", ours: wave.template, theirs: warm.stages },
      { what: "a parse error is shown", ours: wave.parse, theirs: warm.stages },
    ],
    notes: [
      `Issues in every answer: ours ${[...issueCounts.ours].join(" or ")}, SQLFluff's ${[...issueCounts.sqlfluff].join(" or ")}.`,
      `Where SQLFluff's own time goes (medians): ${Object.entries(stages)
        .map(([stage, values]) => `${stage} ${median(values).toFixed(0)} ms`)
        .join(", ")}.`,
      ...(peerAnswered < peerMarks.length
        ? [
            `dbt-core-interface's \`lint(text)\` loses the path of the text. With the dbt templater SQLFluff then skips it: it found the issue of the text in ${peerAnswered} of ${peerMarks.length} calls, so its time there is that of an empty answer and no goal is read from it. Its \`lint(Path)\` gives the same answer as ours, of what is saved.`,
          ]
        : []),
    ],
  };
};

function requireMark(messages: readonly string[], mark: string, who: string): void {
  if (!messages.some((message) => markOf(message) === mark)) {
    throw new Error(`${who} did not lint the text it was given: ${messages.join("; ")}`);
  }
}
