import * as vscode from "vscode";
import type { TriggerQuestion } from "../../protocol/remote.ts";

/** Asks before something is started that costs money and may write to a warehouse: what runs, where, on which commit. */
export async function confirmTrigger(question: TriggerQuestion): Promise<{ jobId: string | null }> {
  const job = question.job ?? (await pickJob(question));
  if (!job) return { jobId: null };
  const environment = job.environment === null ? "" : `, environment ${job.environment}`;
  const run = "Run in dbt Cloud";
  const answer = await vscode.window.showInformationMessage(
    `Run “${question.command}” in dbt Cloud?`,
    {
      modal: true,
      detail: [
        `Job “${job.name}” (${job.id})${environment}`,
        `Account ${question.accountId} of ${question.host}`,
        `On ${question.commit}`,
        "",
        "It uses your plan and your warehouse. You are asked once for each project (setting floeDbt.cloud.ask).",
      ].join("\n"),
    },
    run,
  );
  return { jobId: answer === run ? job.id : null };
}

async function pickJob({
  jobs,
  command,
}: TriggerQuestion): Promise<TriggerQuestion["jobs"][number] | undefined> {
  if (jobs.length === 0) throw new Error("dbt Cloud shows no job that this could run in.");
  const picked = await vscode.window.showQuickPick(
    jobs.map((job) => ({
      label: job.name,
      description: job.id,
      ...(job.environment !== null && { detail: `Environment ${job.environment}` }),
      job,
    })),
    {
      title: `Job for “${command}”`,
      placeHolder: "The job's environment decides credentials and schema",
      matchOnDescription: true,
      ignoreFocusOut: true,
    },
  );
  return picked?.job;
}
