import type { CommandFacts } from "./facts.ts";

const inView = "view == floeDbt.project";
const rowThat = (word: string): string => `${inView} && viewItem =~ /\\b${word}\\b/`;
const projectRow = rowThat("floeDbtProject");

/** Commands of the Project view. */
export const explorerCommands = {
  "floeDbt.filterProject": {
    title: "Filter Project View…",
    icon: "$(filter)",
    palette: "floeDbt.explorer.shown",
    menus: { "view/title": { when: `${inView} && !floeDbt.explorer.filtered`, group: "navigation@1" } },
  },
  "floeDbt.editFilter": {
    title: "Change Filter of Project View…",
    icon: "$(filter-filled)",
    palette: "floeDbt.explorer.filtered",
    menus: { "view/title": { when: `${inView} && floeDbt.explorer.filtered`, group: "navigation@1" } },
  },
  "floeDbt.clearFilter": {
    title: "Clear Filter of Project View",
    icon: "$(clear-all)",
    palette: "floeDbt.explorer.filtered",
    menus: { "view/title": { when: `${inView} && floeDbt.explorer.filtered`, group: "navigation@2" } },
  },
  "floeDbt.selectGrouping": {
    title: "Group Project View By…",
    icon: "$(list-tree)",
    palette: "floeDbt.explorer.shown",
    menus: { "view/title": { when: inView, group: "navigation@3" } },
  },
  "floeDbt.refreshProjectView": {
    title: "Refresh Project View",
    icon: "$(refresh)",
    palette: "floeDbt.explorer.shown",
    menus: {
      "view/title": { when: inView, group: "navigation@5" },
      "view/item/context": { when: projectRow, group: "inline@4" },
    },
  },
  "floeDbt.revealInProjectView": {
    title: "Reveal in Project View",
    icon: "$(target)",
    palette: "floeDbt.explorer.shown",
    menus: {
      "view/title": { when: inView, group: "navigation@4" },
      "editor/context": {
        when: "floeDbt.activeFileInProject && resourceExtname =~ /^\\.(sql|py|csv|ya?ml)$/",
        group: "7_floeDbt@9",
      },
    },
  },
  "floeDbt.openDefinition": {
    title: "Open Definition",
    icon: "$(go-to-file)",
    palette: "false",
    menus: { "view/item/context": { when: rowThat("located"), group: "1_open@1" } },
  },
  "floeDbt.copyName": {
    title: "Copy Name",
    icon: "$(copy)",
    palette: "false",
    menus: { "view/item/context": { when: rowThat("floeDbtRow"), group: "6_copy@1" } },
  },
  "floeDbt.copyReference": {
    title: "Copy Reference",
    icon: "$(link)",
    palette: "false",
    menus: { "view/item/context": { when: rowThat("referable"), group: "6_copy@2" } },
  },
  "floeDbt.copyPath": {
    title: "Copy Path",
    icon: "$(file-symlink-file)",
    palette: "false",
    menus: { "view/item/context": { when: rowThat("onDisk"), group: "6_copy@3" } },
  },
  "floeDbt.selectTarget": {
    title: "Select Target…",
    icon: "$(arrow-swap)",
    palette: "floeDbt.hasProjects",
    enablement: "isWorkspaceTrusted",
    menus: { "view/item/context": { when: projectRow, group: "inline@2" } },
  },
  "floeDbt.selectRuntime": {
    title: "Select Environment…",
    icon: "$(server-environment)",
    palette: "floeDbt.hasProjects",
    enablement: "isWorkspaceTrusted",
    menus: { "view/item/context": { when: projectRow, group: "inline@3" } },
  },
} as const satisfies Record<string, CommandFacts>;
