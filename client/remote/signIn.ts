import * as vscode from "vscode";
import { signInRequest, signOutRequest } from "../../protocol/requests.ts";
import type { CommandContext } from "../commands/context.ts";
import { pickProject } from "../commands/pickProject.ts";
import { errorMessage } from "../errorMessage.ts";
import { inform } from "../log.ts";
import { neverTrace } from "../tracing.ts";

/** Asks for a token until the environment takes one. It is kept in the editor's SecretStorage, and nowhere else. */
export async function signIn(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Sign In");
  if (!project) return;
  const { server, secrets, remote } = context;
  const overview = await remote.overviewOf(project.projectDir);
  if (!overview) {
    throw new Error(`${project.projectName} does not run in dbt Cloud. “Select Environment” switches it.`);
  }
  let problem = "";
  for (;;) {
    const token = await vscode.window.showInputBox({
      title: `Sign in to ${overview.host}, account ${overview.accountId}`,
      prompt:
        problem === ""
          ? "A personal or service token of this account. It is kept by the editor alone."
          : problem,
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) => (text.trim() === "" ? "Paste the token." : undefined),
    });
    if (token === undefined) return;
    neverTrace(token.trim());
    try {
      const result = await server.request(signInRequest, { projectDir: project.projectDir, token });
      await secrets.store(result.secretKey, token.trim());
      remote.refresh();
      const missing = result.missing.length === 0 ? "" : ` ${result.missing.join(" ")}`;
      void inform(
        `Signed in to ${result.accountName ?? `account ${result.accountId}`} (${result.host}).${missing}`,
      );
      return;
    } catch (error) {
      problem = errorMessage(error);
    }
  }
}

export async function signOut(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Sign Out");
  if (!project) return;
  const { secretKey } = await context.server.request(signOutRequest, { projectDir: project.projectDir });
  await context.secrets.delete(secretKey);
  context.remote.refresh();
  void inform("Signed out of dbt Cloud: the token is deleted here. It stays good there until you revoke it.");
}
