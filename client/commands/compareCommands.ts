import type { CommandFacts } from "./facts.ts";

/** Commands that look at two environments at once. */
export const compareCommands = {
  "floeDbt.compareEnvironments": {
    title: "Compare Environments",
    icon: "$(compare-changes)",
    palette: "floeDbt.hasProjects",
    enablement: "isWorkspaceTrusted",
    menus: {
      "view/item/context": {
        when: "view == floeDbt.project && viewItem =~ /\\bfloeDbtProject\\b/",
        group: "3_project@3",
      },
    },
  },
  "floeDbt.showComparedSql": { title: "Show Difference", icon: "$(diff)", palette: "false" },
  "floeDbt.openComparedFile": { title: "Open File", icon: "$(go-to-file)", palette: "false" },
  "floeDbt.exportComparison": {
    title: "Export Comparison",
    icon: "$(export)",
    palette: "activeWebviewPanelId == floeDbt.comparison",
  },
} as const satisfies Record<string, CommandFacts>;
