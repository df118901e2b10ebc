import { explorerCommands } from "./explorerCommands.ts";
import { remoteCommands } from "./remoteCommands.ts";
import { compareCommands } from "./compareCommands.ts";
import { sqlCommands } from "./sqlCommands.ts";
import type { CommandFacts, SubmenuFacts } from "./facts.ts";
import { runCommands, runSubmenus } from "./runCommands.ts";

/**
 * Every command, as data: package.json's commands and menus are written from it (scripts/manifest.mjs), and
 * commands/register.ts must have a handler for each. Imports nothing but more of the same, so that a script can read it.
 */
export type { CommandFacts } from "./facts.ts";

/** The active editor shows a SQL file that belongs to a dbt project; set by views/statusBar.ts. */
const sqlOfProject = "floeDbt.activeFileInProject && resourceExtname == .sql";
const dbtProjectFile = "floeDbt.hasProjects && resourceFilename == dbt_project.yml";

export const commands = {
  "floeDbt.lintFile": {
    title: "Lint File",
    icon: "$(checklist)",
    needs: "lint",
    palette: sqlOfProject,
    menus: { "editor/context": { when: sqlOfProject, group: "7_floeDbt@1" } },
  },
  "floeDbt.lintProject": {
    title: "Lint Project",
    icon: "$(run-all)",
    needs: "lint",
    palette: "floeDbt.hasProjects",
    menus: { "explorer/context": { when: dbtProjectFile, group: "7_floeDbt@1" } },
  },
  "floeDbt.fixFile": {
    title: "Fix File",
    icon: "$(wand)",
    needs: "fixText",
    palette: sqlOfProject,
    enablement: "!activeEditorIsReadonly",
    menus: {
      "editor/context": { when: sqlOfProject, group: "7_floeDbt@2" },
      "editor/title": { when: sqlOfProject, group: "navigation@90" },
    },
  },
  "floeDbt.fixProject": {
    title: "Fix Project…",
    icon: "$(sparkle)",
    needs: "fixText",
    palette: "floeDbt.hasProjects",
    menus: { "explorer/context": { when: dbtProjectFile, group: "7_floeDbt@2" } },
  },
  "floeDbt.showDoctor": {
    title: "Doctor",
    icon: "$(pulse)",
    menus: { "explorer/context": { when: dbtProjectFile, group: "7_floeDbt@3" } },
  },
  "floeDbt.refreshDoctor": {
    title: "Refresh",
    icon: "$(refresh)",
    palette: "activeWebviewPanelId == floeDbt.doctor",
    menus: { "editor/title": { when: "activeWebviewPanelId == floeDbt.doctor", group: "navigation@1" } },
  },
  "floeDbt.copyDoctorReport": {
    title: "Copy Report",
    icon: "$(copy)",
    palette: "activeWebviewPanelId == floeDbt.doctor",
    menus: { "editor/title": { when: "activeWebviewPanelId == floeDbt.doctor", group: "navigation@2" } },
  },
  "floeDbt.setUpEnvironment": {
    title: "Set Up Environment",
    icon: "$(package)",
    needs: "setUpEnvironment",
    palette: "floeDbt.hasProjects",
    enablement: "isWorkspaceTrusted",
  },
  "floeDbt.selectPython": {
    title: "Select Python…",
    icon: "$(versions)",
    palette: "floeDbt.hasProjects",
    enablement: "isWorkspaceTrusted",
  },
  "floeDbt.restartServer": { title: "Restart", icon: "$(debug-restart)", enablement: "isWorkspaceTrusted" },
  "floeDbt.showLog": { title: "Show Log", icon: "$(output)" },
  "floeDbt.showMenu": { title: "Show Menu", icon: "$(menu)", palette: "floeDbt.hasProjects" },
  "floeDbt.openRulePage": { title: "Open Page of This Rule", icon: "$(book)", palette: sqlOfProject },
  "floeDbt.openSettings": { title: "Open Settings", icon: "$(settings-gear)" },
  ...explorerCommands,
  ...sqlCommands,
  ...runCommands,
  ...remoteCommands,
  ...compareCommands,
} as const satisfies Record<string, CommandFacts>;

export type CommandId = keyof typeof commands;
export const commandFacts: Readonly<Record<CommandId, CommandFacts>> = commands;
export const commandIds = Object.keys(commands) as CommandId[];

export const submenuFacts: Readonly<Record<string, SubmenuFacts>> = runSubmenus;
