import type { Call, EnvironmentReport } from "../dbtPlugin.ts";
import { DbtError } from "../errors.ts";
import { getAccount } from "./account.ts";
import { signInRemedy } from "./cloudErrors.ts";
import type { CloudSession } from "./cloudOperations.ts";
import { secretVariable, type CloudSettings } from "./cloudSettings.ts";

/** What the doctor shows of a project in dbt Cloud. One request, if somebody is signed in. */
export async function cloudReport(
  sessionOf: () => Promise<CloudSession>,
  { tokenOf }: { tokenOf: (settings: CloudSettings) => string | null },
  call: Call,
): Promise<EnvironmentReport> {
  const report: EnvironmentReport = { facts: [], searched: [], problems: [], versions: {} };
  const problem = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    const remedy = error instanceof DbtError ? error.remedy : undefined;
    report.problems.push({ severity: "error", message, ...(remedy && { remedy }) });
  };
  let session: CloudSession;
  try {
    session = await sessionOf();
  } catch (error) {
    problem(error);
    return report;
  }
  const { client, settings } = session;
  const { config } = settings;
  const fact = (label: string, value: string | null | undefined): void => {
    report.facts.push({ label, value: value ?? "not said" });
  };
  fact("dbt Cloud", client.address.origin);
  fact("Account", client.address.accountId);
  fact("Environment", config?.environmentId);
  fact("Job for compile", config?.jobIds.compile);
  fact("Job for run", config?.jobIds.run);
  fact("Job for test", config?.jobIds.test);
  const reference = config?.apiToken ?? null;
  // The log takes what stands after "Token:" or "Secret:" for one.
  if (reference) fact("Sign-in", `${reference.name}, or ${secretVariable(reference)} in a terminal`);
  if (tokenOf(settings) === null) {
    report.problems.push({
      severity: "error",
      message: `Nobody is signed in to dbt Cloud (${client.address.host}).`,
      remedy: signInRemedy,
    });
    return report;
  }
  try {
    const account = await getAccount(client, { signal: call.signal, hurried: true });
    fact("Account's name", account.name);
  } catch (error) {
    problem(error);
  }
  return report;
}
