import * as vscode from "vscode";
import { log, report } from "../log.ts";
import type { CommandContext } from "./context.ts";
import { commandFacts, type CommandId } from "./list.ts";
import { refuseUnable } from "../capabilities.ts";
import { projectsMeant } from "./pickProject.ts";
import { compareHandlers } from "./compareHandlers.ts";
import { explorerHandlers } from "../explorer/handlers.ts";
import { openRulePage } from "./openRulePage.ts";
import { openSettings } from "./openSettings.ts";
import { remoteHandlers } from "../remote/remoteHandlers.ts";
import { runHandlers } from "./runHandlers.ts";
import { showMenu } from "./showMenu.ts";
import { sqlHandlers } from "./sqlHandlers.ts";

/**
 * Gets whatever the caller passes: a menu a URI, a remedy the arguments the server gave it; the menu of a view the row,
 * and all rows that are selected with it.
 */
type Handler = (argument?: unknown, selected?: unknown) => unknown;

/**
 * Registers every command of list.ts; one without a handler does not compile. Errors end in one message each.
 * What talks to the server is loaded when it is first used, to keep the activation short.
 */
export function registerCommands(context: CommandContext): vscode.Disposable {
  const { server, doctor } = context;
  const handlers: Record<CommandId, Handler> = {
    "floeDbt.lintFile": async (uri) => (await import("./lintFile.ts")).lintFile(context, uri),
    "floeDbt.lintProject": async (project) =>
      (await import("./lintProject.ts")).lintProject(context, project),
    "floeDbt.fixFile": async (uri) => (await import("./fixFile.ts")).fixFile(context, uri),
    "floeDbt.fixProject": async (project) => (await import("./fixProject.ts")).fixProject(context, project),
    "floeDbt.showDoctor": () => doctor.show(),
    "floeDbt.refreshDoctor": () => doctor.refresh(),
    "floeDbt.copyDoctorReport": () => doctor.copyReport(),
    "floeDbt.setUpEnvironment": async (project) =>
      (await import("./setUpEnvironment.ts")).setUpEnvironment(context, project),
    "floeDbt.selectPython": async (project) =>
      (await import("./selectPython.ts")).selectPython(context, project),
    "floeDbt.restartServer": () => (server.state === "waiting" ? noProject() : server.restart()),
    "floeDbt.showLog": () => log.show(),
    "floeDbt.showMenu": () => showMenu(context),
    "floeDbt.openRulePage": (page) => openRulePage(page),
    "floeDbt.openSettings": (name) => openSettings(name),
    ...explorerHandlers(context),
    ...sqlHandlers(context),
    ...runHandlers(context),
    ...remoteHandlers(context),
    ...compareHandlers(context),
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([id, handler]) =>
      vscode.commands.registerCommand(id, async (argument?: unknown, selected?: unknown) => {
        try {
          const { needs, palette } = commandFacts[id as CommandId];
          if (needs) refuseUnable(projectsMeant(server.projects, argument, palette), needs);
          await handler(argument, selected);
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
