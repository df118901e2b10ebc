import type { CommandFacts } from "./list.ts";

const sqlOfProject = "floeDbt.activeFileInProject && resourceExtname == .sql";
const compiledSql = "resourceScheme == floe-dbt-compiled";
const sqlOrCompiled = `${sqlOfProject} || ${compiledSql}`;
const diffs = "resourceScheme == floe-dbt-compiled && !isInDiffEditor";

/** Commands around the SQL of one file: what it compiles to, and the rows it gives. */
export const sqlCommands = {
  "floeDbt.showCompiledSql": {
    title: "Show Compiled SQL",
    icon: "$(open-preview)",
    palette: sqlOfProject,
    menus: {
      "editor/title": { when: sqlOfProject, group: "navigation@30" },
      "editor/context": { when: sqlOfProject, group: "7_floeDbt@30" },
    },
  },
  "floeDbt.diffLastCompiled": {
    title: "Compare Compiled SQL with Last Compiled",
    icon: "$(diff)",
    palette: sqlOrCompiled,
    menus: { "editor/title": { when: diffs, group: "navigation@2" } },
  },
  "floeDbt.diffLastRun": {
    title: "Compare Compiled SQL with Last Run",
    icon: "$(compare-changes)",
    palette: sqlOrCompiled,
    menus: { "editor/title": { when: diffs, group: "1_diff@1" } },
  },
  "floeDbt.copyCompiledSql": {
    title: "Copy Compiled SQL",
    icon: "$(copy)",
    palette: sqlOrCompiled,
    menus: { "editor/title": { when: compiledSql, group: "navigation@1" } },
  },
} as const satisfies Record<string, CommandFacts>;
