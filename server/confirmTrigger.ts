import type { Connection } from "vscode-languageserver/node";
import type { TriggerQuestion } from "../protocol/remote.ts";
import { confirmTriggerRequest } from "../protocol/requests.ts";
import type { ClientFacts } from "./clientFacts.ts";

/** Asks in the client's own way; in other editors with the message every one of them can show. @returns the job; null for no */
export async function confirmTrigger(
  connection: Connection,
  client: ClientFacts,
  question: TriggerQuestion,
): Promise<string | null> {
  if (client.knowsRemote) return (await connection.sendRequest(confirmTriggerRequest, question)).jobId;
  const { command, host, accountId, commit } = question;
  const jobs = question.job ? [question.job] : question.jobs.slice(0, 10);
  const titles = jobs.map(({ id, name }) => ({ id, title: `Run in “${name}” (${id})` }));
  const chosen = await connection.window.showInformationMessage(
    `Run “${command}” in dbt Cloud, account ${accountId} of ${host}, on ${commit}? It uses your warehouse.`,
    ...titles,
    { id: "", title: "Do Not Run" },
  );
  return chosen?.id ? chosen.id : null;
}
