import {
  ErrorCodes,
  MessageType,
  ResponseError,
  ShowMessageNotification,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import * as z from "zod";
import { examine } from "./doctor.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { signalOf } from "./guard.ts";
import { fixDocument, fixProjects, lintProjects } from "./projectCommands.ts";

/** Applies what the linter can mend in a document, or only what some of its rules find. */
export const fixFileCommand = "floeDbt.fixFile";

/** One argument, as other editors' configuration can give it: a URI or path, or an object that names one. */
const argumentSchema = z
  .union([
    z.string().transform((uri) => ({
      uri,
      projectDir: uri.startsWith("file:") ? undefined : uri,
      rules: undefined,
    })),
    z.object({
      uri: z.string().optional(),
      projectDir: z.string().optional(),
      rules: z.array(z.string()).optional(),
    }),
  ])
  .nullish();
type Argument = z.infer<typeof argumentSchema>;

type Command = (context: ServerContext, argument: Argument, signal: AbortSignal) => Promise<unknown>;

/** For editors without commands of their own. They answer with what they did, and say it in a message. */
const commands: Record<string, Command> = {
  "floeDbt.lintProject": async (context, argument, signal) => {
    const summary = await lintProjects(context, projectOf(argument), signal);
    const { files, errors, warnings, infos, failures } = summary;
    const counts = `${files} files linted: ${errors} errors, ${warnings} warnings, ${infos} notes.`;
    say(context, [counts, ...failures].join(" "));
    return summary;
  },
  "floeDbt.fixProject": async (context, argument, signal) => {
    const { edit, files, refused } = await fixProjects(context, projectOf(argument), signal);
    if (edit) await apply(context, "SQLFluff fixes", edit);
    const left = refused.length > 0 ? ` ${refused.length} files were left alone.` : "";
    say(context, `${files} files fixed.${left}`);
    return { files, refused };
  },
  [fixFileCommand]: async (context, argument, signal) => {
    const { uri = "", rules } = argument ?? {};
    const { edit, reason } = await fixDocument(context, { uri, ...(rules && { rules }) }, signal);
    if (edit) await apply(context, "SQLFluff fixes", edit);
    else say(context, `Nothing was changed: ${reason ?? "there is nothing to fix"}.`);
    return { fixed: edit !== null, ...(reason !== undefined && { reason }) };
  },
  "floeDbt.showDoctor": async (context, argument, signal) => {
    const { markdown } = await examine(context, projectOf(argument), signal);
    say(context, markdown);
    return markdown;
  },
};

/** workspace/executeCommand for lint, fix and doctor. A client with its own commands is not given a second set. */
export const executeCommand: Feature = {
  capabilities: (client) =>
    client.ownCommands
      ? {}
      : { executeCommandProvider: { commands: Object.keys(commands), workDoneProgress: false } },
  register(context) {
    if (context.client.ownCommands) return;
    context.connection.onExecuteCommand(
      context.guard.command("The command", async (params, token) => {
        const command = commands[params.command];
        const argument = argumentSchema.safeParse(params.arguments?.[0]);
        if (!command) throw mistakeOfCaller(`There is no command ${params.command}.`);
        if (!argument.success) throw mistakeOfCaller(`${params.command} takes a path or a file's URI.`);
        return await command(context, argument.data, signalOf(token));
      }),
    );
  },
};

const mistakeOfCaller = (message: string): ResponseError =>
  new ResponseError(ErrorCodes.InvalidParams, message);

function projectOf(argument: Argument): { projectDir?: string } {
  return argument?.projectDir === undefined ? {} : { projectDir: argument.projectDir };
}

async function apply({ connection, log }: ServerContext, label: string, edit: WorkspaceEdit): Promise<void> {
  const answer = await connection.workspace.applyEdit({ label, edit });
  if (!answer.applied)
    log.warn(`The editor did not apply the edit: ${answer.failureReason ?? "no reason given"}`);
}

/** A plain notification: `window.showInformationMessage` would send a request, which not every editor answers. */
function say({ connection }: ServerContext, message: string): void {
  void connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Info, message });
}
