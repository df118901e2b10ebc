import * as vscode from "vscode";
import { log, report } from "../log.ts";
import type { CommandContext } from "./context.ts";
import { fixFile } from "./fixFile.ts";
import { fixProject } from "./fixProject.ts";
import { lintFile } from "./lintFile.ts";
import { lintProject } from "./lintProject.ts";
import type { CommandId } from "./list.ts";
import { openRulePage } from "./openRulePage.ts";
import { openSettings } from "./openSettings.ts";
import { selectPython } from "./selectPython.ts";
import { setUpEnvironment } from "./setUpEnvironment.ts";
import { showMenu } from "./showMenu.ts";

/** Gets whatever the caller passes: a menu a URI, a remedy the arguments the server gave it. */
type Handler = (argument?: unknown) => unknown;

/** Registers every command of list.ts; one without a handler does not compile. Errors end in one message each. */
export function registerCommands(context: CommandContext): vscode.Disposable {
  const { server, doctor } = context;
  const handlers: Record<CommandId, Handler> = {
    "floeDbt.lintFile": (uri) => lintFile(context, uri),
    "floeDbt.lintProject": (project) => lintProject(context, project),
    "floeDbt.fixFile": (uri) => fixFile(context, uri),
    "floeDbt.fixProject": (project) => fixProject(context, project),
    "floeDbt.showDoctor": () => doctor.show(),
    "floeDbt.refreshDoctor": () => doctor.refresh(),
    "floeDbt.copyDoctorReport": () => doctor.copyReport(),
    "floeDbt.setUpEnvironment": (project) => setUpEnvironment(context, project),
    "floeDbt.selectPython": (project) => selectPython(context, project),
    "floeDbt.restartServer": () => (server.state === "waiting" ? noProject() : server.restart()),
    "floeDbt.showLog": () => log.show(),
    "floeDbt.showMenu": () => showMenu(context),
    "floeDbt.openRulePage": (page) => openRulePage(page),
    "floeDbt.openSettings": (name) => openSettings(name),
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([id, handler]) =>
      vscode.commands.registerCommand(id, async (argument?: unknown) => {
        try {
          await handler(argument);
        } catch (error) {
          await report(error);
        }
      }),
    ),
  );
}

function noProject(): never {
  throw new Error("There is no dbt_project.yml in this workspace. Open a folder that holds a dbt project.");
}
