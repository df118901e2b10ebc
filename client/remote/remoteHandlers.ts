import type { CommandContext } from "../commands/context.ts";
import type { remoteCommands } from "../commands/remoteCommands.ts";

type Handler = (argument?: unknown) => unknown;

/** The handlers of remoteCommands.ts. What they need is loaded when it is first used. */
export function remoteHandlers(context: CommandContext): Record<keyof typeof remoteCommands, Handler> {
  const signing = () => import("./signIn.ts");
  const rows = () => import("./remoteRows.ts");
  return {
    "floeDbt.signIn": async (project) => (await signing()).signIn(context, project),
    "floeDbt.signOut": async (project) => (await signing()).signOut(context, project),
    "floeDbt.refreshCloud": () => context.remote.refresh(),
    "floeDbt.openInCloud": async (row) => (await rows()).openPage(row),
    "floeDbt.showCloudText": async (row) => (await rows()).showText(context, row),
    "floeDbt.cancelCloudRun": async (row) => (await rows()).cancelRemoteRun(context, row),
    "floeDbt.retryCloudRun": async (row) => (await rows()).retryRemoteRun(context, row),
    "floeDbt.chooseCloudJob": async (row) => (await rows()).chooseJob(context, row),
  };
}
