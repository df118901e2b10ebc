import * as vscode from "vscode";
import { jobKinds, type JobKind } from "../../protocol/remote.ts";
import { chooseJobRequest, remoteActionRequest, remoteTextRequest } from "../../protocol/requests.ts";
import type { CommandContext } from "../commands/context.ts";
import { inform } from "../log.ts";
import { openWebPage } from "../webPage.ts";
import type { RemoteRow } from "./remoteView.ts";

/** What the rows of the dbt Cloud view can do. */

function rowOf<Kind extends RemoteRow["kind"]>(
  argument: unknown,
  ...kinds: Kind[]
): RemoteRow & { kind: Kind } {
  const isRow = argument !== null && typeof argument === "object" && "kind" in argument;
  if (isRow && (kinds as unknown[]).includes(argument.kind)) return argument as RemoteRow & { kind: Kind };
  throw new Error("Select a row of the dbt Cloud view first.");
}

export async function openPage(argument: unknown): Promise<void> {
  const row = rowOf(argument, "run", "job");
  await openWebPage(row.kind === "run" ? row.run.link : row.job.link, "It has no page of its own.");
}

export async function showText({ server, texts }: CommandContext, argument: unknown): Promise<void> {
  const row = rowOf(argument, "step", "artifact");
  const { projectDir, run } = row;
  const what = row.kind === "step" ? { step: row.step.index } : { artifact: row.name };
  const { text } = await server.request(remoteTextRequest, { projectDir, runId: run.id, ...what });
  const name = row.kind === "step" ? `${row.step.name}.log` : (row.name.split("/").at(-1) ?? row.name);
  const uri = texts.add(`run ${run.id} ${name}`, `${projectDir} ${run.id} ${JSON.stringify(what)}`, text);
  await vscode.window.showTextDocument(uri, { preview: true });
}

export async function cancelRemoteRun(context: CommandContext, argument: unknown): Promise<void> {
  const { projectDir, run } = rowOf(argument, "run");
  const { message } = await context.server.request(remoteActionRequest, {
    projectDir,
    runId: run.id,
    action: "cancel",
  });
  context.remote.refresh();
  void inform(message);
}

export async function retryRemoteRun(context: CommandContext, argument: unknown): Promise<void> {
  const { projectDir, run } = rowOf(argument, "run");
  const retry = "Retry in dbt Cloud";
  const answer = await vscode.window.showInformationMessage(
    `Retry run ${run.id} from where it failed?`,
    {
      modal: true,
      detail: `Job “${run.jobName ?? ""}”. It is a new run, and uses your plan and your warehouse.`,
    },
    retry,
  );
  if (answer !== retry) return;
  const { message } = await context.server.request(remoteActionRequest, {
    projectDir,
    runId: run.id,
    action: "retry",
  });
  context.remote.refresh();
  void inform(message);
}

export async function chooseJob(context: CommandContext, argument: unknown): Promise<void> {
  const { projectDir, job } = rowOf(argument, "job");
  const words: Record<JobKind, string> = {
    compile: "Compile",
    run: "Run, build, seed and snapshot",
    test: "Test",
  };
  const picked = await vscode.window.showQuickPick(
    jobKinds.map((of) => ({ label: words[of], of, picked: job.usedFor.includes(of) })),
    {
      title: `Use job “${job.name}” for`,
      canPickMany: true,
      placeHolder: "Commands given here that run in this job",
    },
  );
  if (!picked) return;
  for (const kind of jobKinds) {
    const wanted = picked.some(({ of }) => of === kind);
    if (wanted === job.usedFor.includes(kind)) continue;
    await context.server.request(chooseJobRequest, { projectDir, kind, jobId: wanted ? job.id : null });
  }
  context.remote.refresh();
}
