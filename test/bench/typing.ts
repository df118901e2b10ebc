import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Bench } from "./bench.ts";
import { countingPython } from "./countingPython.ts";
import { answers, messageOf, startFloeServer } from "./floeServer.ts";
import { inTurns, median, type Samples } from "./measure.ts";
import { benchProject } from "./projects.ts";
import { markOf, reviewModel } from "./reviewModel.ts";

const keystrokes = 50;
const gapMs = 30;

/** 50 keystrokes, one every 30 ms: how many lints they cost, and when the answer to the last one is shown. */
export const typing: Bench = async ({ repetitions, python, storageDir, say }) => {
  const project = await benchProject("typing", "sample");
  const { review } = project;
  const counting = countingPython(python, path.join(storageDir, "counting-python"));
  await using server = await startFloeServer({
    folder: project.dir,
    storageDir: path.join(storageDir, "typing"),
    python: counting.python,
  });
  const first = server.nextShown(answers("saved"));
  await server.open(review, await readFile(review, "utf8"));
  await first;
  if (counting.take().length === 0) throw new Error("The lints of the worker are not counted.");

  const renders: number[] = [];
  const rules: number[] = [];
  let wrongAnswers = 0;

  say("typing: bursts and single edits, in turns");
  const times = await inTurns(
    {
      burst: {
        name: "last keystroke to its answer",
        async run(round) {
          // Typed as a name grows, so that every text says in its answer how far the typing had come.
          const word = `burst${round}${"abcdefghijklmnopqrstuvwxyz".repeat(2)}`;
          const marks = Array.from({ length: keystrokes }, (_, index) =>
            word.slice(0, word.length - keystrokes + index + 1),
          );
          const last = marks.at(-1) ?? "";
          counting.take();
          const answered = server.nextShown(answers(last));
          const lastAt = await type(marks, (mark) => server.change(review, reviewModel(mark)));
          const at = await answered;
          // One more edit, answered: whatever was still queued has run or was dropped by then.
          const settled = server.nextShown(answers(`settled${round}`));
          await server.change(review, reviewModel(`settled${round}`));
          await settled;
          const own = counting.take().filter(({ mark }) => marks.includes(mark));
          renders.push(own.filter(({ stage }) => stage === "render").length);
          rules.push(own.filter(({ stage }) => stage === "rules").length);
          wrongAnswers += server.shown
            .filter((each) => each.at > at)
            .flatMap(({ diagnostics }) => diagnostics.map((each) => markOf(messageOf(each))))
            .filter((mark) => mark !== null && marks.includes(mark) && mark !== last).length;
          return at - lastAt;
        },
      },
      single: {
        name: "one edit after a pause",
        async run(round) {
          const shown = server.nextShown(answers(`single${round}`));
          const started = performance.now();
          await server.change(review, reviewModel(`single${round}`));
          return (await shown) - started;
        },
      },
    },
    { warmUp: 1, repetitions },
  );
  // The warm-up's burst is counted too: a burst is a burst.
  const lints: Samples = { name: "lints", milliseconds: rules };
  return {
    title: `Typing: ${keystrokes} keystrokes, one every ${gapMs} ms`,
    rows: [{ what: "the answer to the last keystroke", ours: times.burst, theirs: times.single }],
    notes: [
      `Lints a burst cost: ${lints.milliseconds.join(", ")} texts reached the rules, ${renders.join(", ")} were rendered (goal: 1 or 2), counted inside the worker's SQLFluff: **${Math.max(...renders) <= 2 ? "met" : "missed"}**.`,
      `Answers to an older text shown after the last one's: ${wrongAnswers} (goal: 0).`,
      `The wait contains the pause after which typing counts as ended: burst minus single is ${(
        median(times.burst.milliseconds) - median(times.single.milliseconds)
      ).toFixed(0)} ms.`,
    ],
  };
};

/** @returns when the last one was sent (performance.now()) */
async function type(marks: readonly string[], key: (mark: string) => Promise<void>): Promise<number> {
  const started = performance.now();
  let sentAt = started;
  for (const [index, mark] of marks.entries()) {
    const due = started + index * gapMs;
    // The rhythm of the keys is what is measured here; nothing is waited for.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    sentAt = performance.now();
    await key(mark);
  }
  return sentAt;
}
