import type { CommandFacts } from "./list.ts";

const sqlOfProject = "floeDbt.activeFileInProject && resourceExtname == .sql";
const compiledSql = "resourceScheme == floe-dbt-compiled";
const sqlOrCompiled = `${sqlOfProject} || ${compiledSql}`;
const diffs = "resourceScheme == floe-dbt-compiled && !isInDiffEditor";

const canRun = `floeDbt.running && ${sqlOfProject}`;
/** Rows of the Project view whose SQL is compiled, and those of one query. */
const compiledRow = "view == floeDbt.project && viewItem =~ /\\bcompiled\\b/";
const queryRow = `view == floeDbt.project && viewItem =~ /\\bpreviewed\\b/ && viewItem =~ /\\b(model|snapshot|analysis)\\b/`;
const inResults = "view == floeDbt.preview";
const withRows = `${inResults} && floeDbt.preview.hasRows`;
const onCells = "webviewId == 'floeDbt.preview' && webviewSection == 'cells'";

/** Commands around the SQL of one file: what it compiles to, and the rows it gives. */
export const sqlCommands = {
  "floeDbt.showCompiledSql": {
    title: "Show Compiled SQL",
    icon: "$(open-preview)",
    needs: "compileNode",
    palette: sqlOfProject,
    menus: {
      "editor/title": { when: sqlOfProject, group: "navigation@30" },
      "editor/context": { when: sqlOfProject, group: "7_floeDbt@30" },
      "view/item/context": { when: compiledRow, group: "1_open@2" },
    },
  },
  "floeDbt.diffLastCompiled": {
    title: "Compare Compiled SQL with Last Compiled",
    icon: "$(diff)",
    needs: "compileNode",
    palette: sqlOrCompiled,
    menus: { "editor/title": { when: diffs, group: "navigation@2" } },
  },
  "floeDbt.diffLastRun": {
    title: "Compare Compiled SQL with Last Run",
    icon: "$(compare-changes)",
    needs: "compileNode",
    palette: sqlOrCompiled,
    menus: { "editor/title": { when: diffs, group: "1_diff@1" } },
  },
  "floeDbt.copyCompiledSql": {
    title: "Copy Compiled SQL",
    icon: "$(copy)",
    needs: "compileNode",
    palette: sqlOrCompiled,
    menus: { "editor/title": { when: compiledSql, group: "navigation@1" } },
  },
  "floeDbt.previewModel": {
    title: "Preview Query Results",
    icon: "$(table)",
    needs: "preview",
    palette: canRun,
    menus: {
      "editor/title": { when: canRun, group: "navigation@31" },
      "editor/context": { when: canRun, group: "7_floeDbt@31" },
      "view/item/context": { when: queryRow, group: "1_open@3" },
    },
    keybinding: {
      key: "ctrl+enter",
      mac: "cmd+enter",
      when: `editorTextFocus && !editorHasSelection && ${canRun}`,
    },
  },
  "floeDbt.previewSelection": {
    title: "Preview Selection",
    icon: "$(selection)",
    needs: "preview",
    palette: `${canRun} && editorHasSelection`,
    menus: { "editor/context": { when: `${canRun} && editorHasSelection`, group: "7_floeDbt@32" } },
    keybinding: {
      key: "ctrl+enter",
      mac: "cmd+enter",
      when: `editorTextFocus && editorHasSelection && ${canRun}`,
    },
  },
  "floeDbt.previewCte": {
    title: "Preview CTE at Cursor",
    icon: "$(symbol-structure)",
    needs: "preview",
    palette: canRun,
    menus: { "editor/context": { when: canRun, group: "7_floeDbt@33" } },
  },
  "floeDbt.rerunPreview": {
    title: "Run Query Again",
    icon: "$(refresh)",
    needs: "preview",
    palette: "floeDbt.preview.hasQuery",
    menus: {
      "view/title": {
        when: `${inResults} && floeDbt.preview.hasQuery && !floeDbt.preview.running`,
        group: "navigation@1",
      },
    },
  },
  "floeDbt.cancelPreview": {
    title: "Cancel Query",
    icon: "$(debug-stop)",
    palette: "floeDbt.preview.running",
    menus: { "view/title": { when: `${inResults} && floeDbt.preview.running`, group: "navigation@1" } },
  },
  "floeDbt.openPreviewQuery": {
    title: "Open Query in Editor",
    icon: "$(go-to-file)",
    palette: "floeDbt.preview.hasRows",
    menus: { "view/title": { when: withRows, group: "navigation@4" } },
  },
  "floeDbt.copyPreviewSelection": {
    title: "Copy Selected Cells",
    icon: "$(copy)",
    palette: "false",
    menus: { "webview/context": { when: onCells, group: "1_copy@1" } },
  },
  "floeDbt.copyPreviewRow": {
    title: "Copy Row",
    icon: "$(copy)",
    palette: "false",
    menus: { "webview/context": { when: onCells, group: "1_copy@2" } },
  },
  "floeDbt.copyPreviewAll": {
    title: "Copy All Rows",
    icon: "$(copy)",
    palette: "floeDbt.preview.hasRows",
    menus: {
      "webview/context": { when: onCells, group: "1_copy@3" },
      "view/title": { when: withRows, group: "navigation@2" },
    },
  },
  "floeDbt.exportPreviewCsv": {
    title: "Export Rows as CSV…",
    icon: "$(export)",
    palette: "floeDbt.preview.hasRows",
    menus: {
      "webview/context": { when: onCells, group: "2_export@1" },
      "view/title": { when: withRows, group: "navigation@3" },
    },
  },
  "floeDbt.exportPreviewJson": {
    title: "Export Rows as JSON…",
    icon: "$(json)",
    palette: "floeDbt.preview.hasRows",
    menus: {
      "webview/context": { when: onCells, group: "2_export@2" },
      "view/title": { when: withRows, group: "2_export@2" },
    },
  },
} as const satisfies Record<string, CommandFacts>;
