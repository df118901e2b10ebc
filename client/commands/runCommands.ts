import type { DbtCapability } from "../../protocol/capabilities.ts";
import type { CommandFacts, SubmenuFacts } from "./facts.ts";

/** The commands that run dbt and those of the Runs view: a part of list.ts. Imports nothing but types. */

export const modelVerbs = ["run", "build", "test", "compile"] as const;
export type ModelVerb = (typeof modelVerbs)[number];
export const modelArounds = ["", "WithParents", "WithChildren", "WithBoth"] as const;
export type ModelAround = (typeof modelArounds)[number];
type Scope = "Selection" | "Project" | "Product";
type ModelCommandId = `floeDbt.${ModelVerb}Model${ModelAround}`;
type ScopeCommandId = `floeDbt.${ModelVerb}${Scope}`;

const titles: Record<ModelVerb, string> = { run: "Run", build: "Build", test: "Test", compile: "Compile" };
const icons: Record<ModelVerb, string> = {
  run: "$(play)",
  build: "$(tools)",
  test: "$(beaker)",
  compile: "$(code)",
};
const aroundTitles: Record<ModelAround, string> = {
  "": "",
  WithParents: " with Parents",
  WithChildren: " with Children",
  WithBoth: " with Parents and Children",
};
/** Of a part of a project; a compile of all is always there. */
const needs: Partial<Record<ModelVerb, DbtCapability>> = { build: "build", compile: "compileSelection" };
const keys: Record<ModelVerb, string> = { run: "r", build: "b", test: "t", compile: "c" };

const enablement = "floeDbt.running && isWorkspaceTrusted";
/** A file that may be a node: Python is also much else, and macros run by themselves nowhere. */
const nodeFile =
  "(resourceExtname =~ /^\\.(sql|csv)$/ && !(resourceDirname =~ /\\b(macros|generic)$/) || resourceExtname =~ /^\\.(sql|py)$/ && resourceDirname =~ /models/)";
const activeNodeFile = `floeDbt.activeFileInProject && ${nodeFile}`;
const hasProjects = "floeDbt.hasProjects";
const inTree = "view == floeDbt.project";
const inRuns = "view == floeDbt.runs";
const treeRow = (word: string): string => `${inTree} && viewItem =~ /\\b${word}\\b/`;
const projectRow = treeRow("floeDbtProject");
/** The row of a project has the commands of a project. */
const selectableRow = (word: string): string => `${treeRow(word)} && !(viewItem =~ /\\bfloeDbtProject\\b/)`;
const runsRow = (pattern: string): string => `${inRuns} && viewItem =~ /${pattern}/`;
/** A terminal has the prefix of our keys for itself. */
const notInTerminal = `${hasProjects} && !terminalFocus`;
/** One prefix for all of them, free where they apply: no key of an editor is lost but this one. */
const key = (second: string): string => `ctrl+alt+r ${second}`;

function modelCommands(): Record<ModelCommandId, CommandFacts> {
  const entries = modelVerbs.flatMap((verb, order) =>
    modelArounds.map((around): [string, CommandFacts] => {
      const place = {
        when: around === "" ? "!explorerResourceIsFolder" : hasProjects,
        group: `1_run@${order}`,
      };
      return [
        `floeDbt.${verb}Model${around}`,
        {
          title: `${titles[verb]} Model${aroundTitles[around]}`,
          icon: icons[verb],
          ...(needs[verb] && { needs: needs[verb] }),
          palette: activeNodeFile,
          enablement,
          menus: { [around === "" ? "floeDbt.runMenu" : `floeDbt.run${around}Menu`]: place },
          ...(around === ""
            ? { keybinding: { key: key(keys[verb]), when: `editorTextFocus && ${activeNodeFile}` } }
            : {}),
        },
      ];
    }),
  );
  return Object.fromEntries(entries) as Record<ModelCommandId, CommandFacts>;
}

function scopeCommands(): Record<ScopeCommandId, CommandFacts> {
  const entries = modelVerbs.flatMap((verb, order): [string, CommandFacts][] => {
    const common = { icon: icons[verb], enablement };
    const need = needs[verb] && { needs: needs[verb] };
    const group = `1_run@${order}`;
    return [
      [
        `floeDbt.${verb}Selection`,
        {
          ...common,
          ...need,
          title: `${titles[verb]} Selection`,
          palette: "false",
          menus: {
            "floeDbt.runMenu": { when: "explorerResourceIsFolder", group },
            "view/item/context": [
              { when: selectableRow(verb === "test" ? "testable" : "runnable"), group },
              ...(verb === "run" || verb === "test"
                ? [
                    {
                      when:
                        verb === "run"
                          ? selectableRow("runnable")
                          : `${treeRow("testable")} && !(viewItem =~ /\\brunnable\\b/)`,
                      group: "inline@1",
                    },
                  ]
                : []),
            ],
          },
        },
      ],
      [
        `floeDbt.${verb}Project`,
        {
          ...common,
          ...(verb === "compile" ? {} : need),
          title: `${titles[verb]} Project`,
          palette: hasProjects,
          menus: {
            "floeDbt.runProjectMenu": { when: hasProjects, group },
            ...(verb === "run" && { "view/item/context": { when: projectRow, group: "inline@1" } }),
          },
        },
      ],
      [
        `floeDbt.${verb}Product`,
        {
          ...common,
          ...need,
          title: `${titles[verb]} Data Product`,
          palette: "floeDbt.hasProducts",
          menus: { "floeDbt.runProductMenu": { when: hasProjects, group } },
        },
      ],
    ];
  });
  return Object.fromEntries(entries) as Record<ScopeCommandId, CommandFacts>;
}

const projectMenu = (group: string): NonNullable<CommandFacts["menus"]> => ({
  "floeDbt.runProjectMenu": { when: hasProjects, group },
});

export const runCommands = {
  ...modelCommands(),
  ...scopeCommands(),
  "floeDbt.fullRefreshModel": {
    title: "Run with Full Refresh",
    icon: "$(refresh)",
    palette: activeNodeFile,
    enablement,
    menus: {
      "floeDbt.runMenu": { when: "!explorerResourceIsFolder", group: "3_more@1" },
      "view/item/context": { when: `${treeRow("runnable")} && viewItem =~ /\\bmodel\\b/`, group: "3_more@2" },
    },
  },
  "floeDbt.fullRefreshProject": {
    title: "Run Project with Full Refresh",
    icon: "$(refresh)",
    palette: hasProjects,
    enablement,
    menus: projectMenu("2_more@1"),
  },
  "floeDbt.seedProject": {
    title: "Load Seeds",
    icon: "$(cloud-upload)",
    needs: "seed",
    palette: hasProjects,
    enablement,
    menus: projectMenu("2_more@2"),
  },
  "floeDbt.snapshotProject": {
    title: "Take Snapshots",
    icon: "$(device-camera)",
    needs: "snapshot",
    palette: hasProjects,
    enablement,
    menus: projectMenu("2_more@3"),
  },
  "floeDbt.installPackages": {
    title: "Install Packages",
    icon: "$(cloud-download)",
    needs: "deps",
    palette: hasProjects,
    enablement,
    menus: {
      "floeDbt.runProjectMenu": { when: hasProjects, group: "3_packages@1" },
      "explorer/context": {
        when: `${hasProjects} && resourceFilename =~ /^(packages|dependencies)\\.yml$/`,
        group: "7_floeDbt@1",
      },
    },
  },
  "floeDbt.runSelector": {
    title: "Run a Selection…",
    icon: "$(search)",
    palette: hasProjects,
    enablement,
    menus: {
      "view/title": { when: inRuns, group: "navigation@1" },
      "floeDbt.runMenu": { when: hasProjects, group: "3_more@3" },
    },
    keybinding: { key: key("s"), when: notInTerminal },
  },
  "floeDbt.editRun": {
    title: "Run with Options…",
    icon: "$(edit)",
    palette: hasProjects,
    enablement,
    menus: {
      "floeDbt.runMenu": { when: hasProjects, group: "3_more@2" },
      "view/item/context": [
        { when: runsRow("^run .*\\bended\\b"), group: "1_again@3" },
        { when: treeRow("runnable"), group: "3_more@1" },
      ],
    },
    keybinding: { key: key("o"), when: notInTerminal },
  },
  "floeDbt.rerunLast": {
    title: "Run Last Again",
    icon: "$(debug-rerun)",
    palette: hasProjects,
    enablement: `${enablement} && floeDbt.hasRuns`,
    menus: {
      "view/title": { when: inRuns, group: "navigation@2" },
      "floeDbt.runMenu": { when: hasProjects, group: "4_again@1" },
    },
    keybinding: { key: key("l"), when: notInTerminal },
  },
  "floeDbt.rerunFailed": {
    title: "Run Failed Again",
    icon: "$(run-errors)",
    palette: "floeDbt.hasProjects && floeDbt.lastRunFailed",
    enablement,
    menus: {
      "view/title": { when: `${inRuns} && floeDbt.lastRunFailed`, group: "navigation@3" },
      "floeDbt.runMenu": { when: "floeDbt.lastRunFailed", group: "4_again@2" },
      "view/item/context": [
        { when: runsRow("^run .*\\bended\\b.*\\bfailures\\b"), group: "inline@1" },
        { when: runsRow("^run .*\\bended\\b.*\\bfailures\\b"), group: "1_again@2" },
      ],
    },
    keybinding: { key: key("f"), when: `${notInTerminal} && floeDbt.lastRunFailed` },
  },
  "floeDbt.runAgain": {
    title: "Run Again",
    icon: "$(debug-rerun)",
    palette: "false",
    enablement,
    menus: {
      "view/item/context": [
        { when: runsRow("^run .*\\bended\\b"), group: "inline@2" },
        { when: runsRow("^run .*\\bended\\b"), group: "1_again@1" },
      ],
    },
  },
  "floeDbt.runNodeAgain": {
    title: "Run This Again",
    icon: "$(debug-rerun)",
    palette: "false",
    enablement,
    menus: { "view/item/context": { when: runsRow("^node\\b"), group: "1_again@1" } },
  },
  "floeDbt.cancelRun": {
    title: "Cancel Run",
    icon: "$(debug-stop)",
    palette: "floeDbt.runActive",
    enablement: "floeDbt.running",
    menus: {
      "view/title": { when: `${inRuns} && floeDbt.runActive`, group: "navigation@4" },
      "floeDbt.runMenu": { when: "floeDbt.runActive", group: "4_again@3" },
      "view/item/context": [
        { when: runsRow("^run .*\\bactive\\b"), group: "inline@1" },
        { when: runsRow("^run .*\\bactive\\b"), group: "1_again@1" },
      ],
    },
    keybinding: { key: key("x"), when: `${notInTerminal} && floeDbt.runActive` },
  },
  "floeDbt.clearRuns": {
    title: "Clear Runs",
    icon: "$(clear-all)",
    palette: "floeDbt.hasProjects",
    enablement: "floeDbt.running && floeDbt.hasRuns",
    menus: { "view/title": { when: inRuns, group: "navigation@5" } },
  },
  "floeDbt.showRuns": { title: "Show Runs", icon: "$(list-tree)", palette: hasProjects },
  "floeDbt.openRunNode": {
    title: "Open File",
    icon: "$(go-to-file)",
    palette: "false",
    menus: { "view/item/context": { when: runsRow("^node .*\\bfile\\b"), group: "2_open@1" } },
  },
  "floeDbt.showRunSql": {
    title: "Open Compiled SQL",
    icon: "$(file-code)",
    palette: "false",
    menus: { "view/item/context": { when: runsRow("^node .*\\bcompiled\\b"), group: "2_open@2" } },
  },
  "floeDbt.showRunRows": {
    title: "Show Failing Rows",
    icon: "$(table)",
    needs: "preview",
    palette: "false",
    enablement: "floeDbt.running",
    menus: {
      "view/item/context": [
        { when: runsRow("^node .*\\brows\\b"), group: "inline@1" },
        { when: runsRow("^node .*\\brows\\b"), group: "2_open@3" },
      ],
    },
  },
  "floeDbt.showRunLog": {
    title: "Open Log",
    icon: "$(output)",
    palette: "false",
    enablement: "floeDbt.running",
    menus: {
      "view/item/context": [
        { when: runsRow("^(run|node)\\b"), group: "2_open@4" },
        { when: runsRow("^node\\b"), group: "inline@2" },
      ],
    },
  },
  "floeDbt.openRunLink": {
    title: "Open Page of This Run",
    icon: "$(link-external)",
    palette: "false",
    menus: {
      "view/item/context": [
        { when: runsRow("^run .*\\blink\\b"), group: "inline@3" },
        { when: runsRow("^run .*\\blink\\b"), group: "2_open@5" },
      ],
    },
  },
  "floeDbt.copyRunMessage": {
    title: "Copy Message",
    icon: "$(copy)",
    palette: "false",
    menus: { "view/item/context": { when: runsRow("\\bmessage\\b"), group: "5_copy@1" } },
  },
  "floeDbt.copyRunCommand": {
    title: "Copy Command",
    icon: "$(copy)",
    palette: "false",
    menus: { "view/item/context": { when: runsRow("^run\\b"), group: "5_copy@1" } },
  },
} as const satisfies Record<string, CommandFacts>;

const around = (label: string, word: string, order: number): SubmenuFacts => ({
  label,
  places: {
    "floeDbt.runMenu": { when: "!explorerResourceIsFolder", group: `2_around@${order}` },
    "view/item/context": {
      when: `${treeRow("runnable")} && viewItem =~ /${word}/`,
      group: `2_around@${order}`,
    },
  },
});

export const runSubmenus = {
  "floeDbt.runMenu": {
    label: "Run with dbt",
    icon: "$(play)",
    places: {
      "editor/title": { when: activeNodeFile, group: "navigation@80" },
      "editor/context": { when: activeNodeFile, group: "7_floeDbt@0" },
      "explorer/context": {
        when: `${hasProjects} && (explorerResourceIsFolder || ${nodeFile})`,
        group: "7_floeDbt@0",
      },
    },
  },
  "floeDbt.runWithParentsMenu": around("With Parents", "\\bhasParents\\b", 1),
  "floeDbt.runWithChildrenMenu": around("With Children", "\\bhasChildren\\b", 2),
  "floeDbt.runWithBothMenu": around("With Parents and Children", "\\bhasParents\\b.*\\bhasChildren\\b", 3),
  "floeDbt.runProjectMenu": {
    label: "Run Project with dbt",
    icon: "$(run-all)",
    places: {
      "editor/title": {
        when: "floeDbt.activeFileInProject && resourceFilename == dbt_project.yml",
        group: "navigation@80",
      },
      "explorer/context": {
        when: `${hasProjects} && resourceFilename == dbt_project.yml`,
        group: "7_floeDbt@0",
      },
      "view/item/context": { when: projectRow, group: "1_run@1" },
    },
  },
  "floeDbt.runProductMenu": {
    label: "Run Data Product with dbt",
    icon: "$(play)",
    places: {
      "editor/title": { when: `${hasProjects} && resourceFilename == floe.yaml`, group: "navigation@80" },
      "explorer/context": { when: `${hasProjects} && resourceFilename == floe.yaml`, group: "7_floeDbt@0" },
    },
  },
} as const satisfies Record<string, SubmenuFacts>;
