import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { DidSaveTextDocumentNotification } from "vscode-languageserver-protocol/node";
import { manifestChangedNotification, manifestInfoRequest, nodeRequest } from "../../protocol/requests.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import type { Bench } from "./bench.ts";
import { run, scriptBeside } from "./commandLine.ts";
import { answers, startFloeServer } from "./floeServer.ts";
import { inTurns } from "./measure.ts";
import { benchProject } from "./projects.ts";

/** One model edited and saved in a project of 1,000: until the index knows its new parent, against a full parse. */
export const indexRefresh: Bench = async ({ repetitions, python, storageDir, say }) => {
  const project = await benchProject("index-refresh", 1000);
  const peer = await benchProject("index-refresh-parse", 1000);
  await using server = await startFloeServer({
    folder: project.dir,
    storageDir: path.join(storageDir, "index-refresh"),
    python,
  });
  const { connection } = server;
  const listeners = new Set<() => void>();
  connection.onNotification(manifestChangedNotification, () => {
    for (const listener of [...listeners]) listener();
  });
  /** Resolves once a look finds it; looks again whenever a manifest has changed. */
  const until = async (is: () => Promise<boolean>): Promise<void> => {
    for (;;) {
      let told: () => void = () => undefined;
      const changed = new Promise<void>((resolve) => {
        told = resolve;
      });
      listeners.add(told);
      const found = await is();
      if (!found) await changed;
      listeners.delete(told);
      if (found) return;
    }
  };
  say("indexRefresh: the first parse");
  const saved = await readFile(project.review, "utf8");
  const shown = server.nextShown(answers("saved"));
  await server.open(project.review, saved);
  await shown;
  await until(async () => {
    const { manifests } = await connection.sendRequest(manifestInfoRequest, {});
    return manifests.some(({ origin }) => origin === "live");
  });
  const [name = ""] = path.basename(project.review).split(".");
  const uniqueId = `model.floe_sample.${name}`;

  say("indexRefresh: saves, in turns with dbt parse");
  const edit = async (round: number): Promise<number> => {
    const parent = `stg_d${round}_orders`;
    const text = `${saved}\n-- {{ ref('${parent}') }}\n`;
    await writeFile(project.review, text);
    await server.change(project.review, text);
    const started = performance.now();
    await connection.sendNotification(DidSaveTextDocumentNotification.type, {
      textDocument: { uri: uriOfPath(project.review) },
    });
    await until(async () => {
      const node = await connection.sendRequest(nodeRequest, { projectDir: project.dir, uniqueId });
      return node?.parents.some((id) => id.endsWith(`.${parent}`)) === true;
    });
    return performance.now() - started;
  };
  const rounds = Math.min(repetitions, 3);
  await edit(rounds);
  const times = await inTurns(
    {
      ours: { name: "save to the index with its new parent", run: edit },
      theirs: {
        name: "`dbt parse --no-partial-parse`",
        run: async () =>
          (await run(scriptBeside(python, "dbt"), ["parse", "--no-partial-parse"], peer.dir)).milliseconds,
      },
    },
    // The first parse here costs what every one does; ours has had its first edit.
    { warmUp: 0, repetitions: rounds },
  );
  return {
    title: "One model edited among 1,000: the index follows",
    rows: [
      { what: "an edit that adds a parent, saved", ours: times.ours, theirs: times.theirs, atLeast: 10 },
    ],
    notes: [],
  };
};
