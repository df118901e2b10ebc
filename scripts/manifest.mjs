// Writes the generated parts of package.json from what the code says: settings, commands, menus. `--check` only compares.
// Run by Node 24, which reads the .ts files as they are.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { format, resolveConfig } from "prettier";
import * as z from "zod";
import { commandFacts, submenuFacts } from "../client/commands/list.ts";
import { runVerbs } from "../protocol/run.ts";
import { settings } from "../protocol/settings.ts";

const file = path.resolve(import.meta.dirname, "../package.json");

/** Settings that choose what is executed, or what it is given: an untrusted workspace cannot set them. */
const restrictedSettings = ["python.path", "fusion.path", "profilesDir", "envFile", "runtime", "target"];

const configuration = {
  title: "Floe dbt",
  properties: Object.fromEntries(
    Object.entries(settings).map(([name, { schema, presentation }], order) => [
      `floeDbt.${name}`,
      { ...shape(schema, presentation), order },
    ]),
  ),
};

function shape(schema, { scope, markdownDescription, enumDescriptions, offered }) {
  const { $schema: _, propertyNames: __, ...json } = z.toJSONSchema(schema, { io: "input" });
  return {
    ...json,
    ...(offered ? { enum: offered } : {}),
    scope,
    markdownDescription,
    ...(enumDescriptions ? { enumDescriptions } : {}),
  };
}

const commands = Object.entries(commandFacts).map(([command, { title, icon, enablement }]) => ({
  command,
  title,
  category: "Floe dbt",
  icon,
  ...(enablement ? { enablement } : {}),
}));

/** @type {Record<string, { command?: string, submenu?: string, when: string, group?: string }[]>} */
const menus = { commandPalette: [] };
for (const [command, { palette, needs, menus: others = {} }] of Object.entries(commandFacts)) {
  if (palette) menus.commandPalette.push({ command, when: able(palette, needs) });
  for (const [menu, places] of Object.entries(others)) {
    for (const { when, group } of [places].flat()) {
      (menus[menu] ??= []).push({ command, when: able(when, needs), group });
    }
  }
}

/** Nothing is offered that the environment cannot do: of the active file that of its project, else that of any. */
function able(when, needs) {
  if (!needs || when === "false") return when;
  const key = when.includes("floeDbt.activeFileInProject") ? "fileCan" : "can";
  return `${when.includes("||") ? `(${when})` : when} && floeDbt.${key}.${needs}`;
}
for (const [submenu, { places }] of Object.entries(submenuFacts)) {
  for (const [menu, each] of Object.entries(places)) {
    for (const { when, group } of [each].flat()) (menus[menu] ??= []).push({ submenu, when, group });
  }
}

const submenus = Object.entries(submenuFacts).map(([id, { label, icon }]) => ({ id, label, icon }));

/** A key that does nothing is the editor's again. */
const keybindings = Object.entries(commandFacts).flatMap(([command, { keybinding, needs }]) =>
  keybinding ? [{ command, ...keybinding, when: able(keybinding.when, needs) }] : [],
);

/** The side bar of ours, and its views in their order. It is there where there is a view to show. */
const viewsContainers = {
  activitybar: [{ id: "floeDbt", title: "Floe dbt", icon: "media/floe.svg" }],
  panel: [{ id: "floeDbtResults", title: "Query Results", icon: "media/floe.svg" }],
};
const views = {
  floeDbt: [
    { id: "floeDbt.project", name: "Project", icon: "media/floe.svg", when: "floeDbt.explorer.shown" },
    { id: "floeDbt.runs", name: "Runs", icon: "media/floe.svg", when: "floeDbt.hasProjects" },
    { id: "floeDbt.cloud", name: "dbt Cloud", icon: "media/floe.svg", when: "floeDbt.hasRemote" },
  ],
  floeDbtResults: [
    {
      id: "floeDbt.preview",
      type: "webview",
      name: "Query Results",
      icon: "media/floe.svg",
      when: "floeDbt.hasProjects",
    },
  ],
};
const viewsWelcome = [
  {
    view: "floeDbt.project",
    when: "floeDbt.explorer.empty && isWorkspaceTrusted && floeDbt.explorer.remedy == floeDbt.installPackages",
    contents:
      "dbt cannot read this project yet: the packages it names are not installed.\n[Install Packages](command:floeDbt.installPackages)",
  },
  {
    view: "floeDbt.project",
    when: "floeDbt.explorer.empty && isWorkspaceTrusted && floeDbt.explorer.remedy == floeDbt.setUpEnvironment",
    contents:
      "dbt cannot run here yet. A Python environment of its own can be made for this project.\n[Set Up Environment](command:floeDbt.setUpEnvironment)\n[Doctor](command:floeDbt.showDoctor)",
  },
  {
    view: "floeDbt.project",
    when: "floeDbt.explorer.empty && isWorkspaceTrusted && floeDbt.explorer.remedy && floeDbt.explorer.remedy != floeDbt.installPackages && floeDbt.explorer.remedy != floeDbt.setUpEnvironment",
    contents:
      "dbt cannot read this project yet. The Doctor says why, and what to do.\n[Doctor](command:floeDbt.showDoctor)",
  },
  {
    view: "floeDbt.project",
    when: "floeDbt.explorer.empty && isWorkspaceTrusted && !floeDbt.explorer.remedy",
    contents:
      "dbt has left no manifest here yet. Compile the project, and its models, tests and sources are listed.\n[Compile Project](command:floeDbt.compileProject)",
  },
  {
    view: "floeDbt.project",
    when: "floeDbt.explorer.empty && !isWorkspaceTrusted",
    contents:
      "This workspace is not trusted, and dbt has left no manifest here that could be shown.\n[Manage Workspace Trust](command:workbench.trust.manage)",
  },
  {
    view: "floeDbt.runs",
    when: "isWorkspaceTrusted",
    contents:
      "dbt has not run here yet. Each run is listed here, node by node, while it goes on.\n[Build the Project](command:floeDbt.buildProject)\n[Run a Selection…](command:floeDbt.runSelector)\nOr open a model and use $(play) above it.",
  },
  {
    view: "floeDbt.runs",
    when: "!isWorkspaceTrusted",
    contents:
      "dbt runs nothing here, because this workspace is not trusted.\n[Manage Workspace Trust](command:workbench.trust.manage)",
  },
  {
    view: "floeDbt.cloud",
    when: "isWorkspaceTrusted",
    contents:
      "Floe dbt is not running, so dbt Cloud is not asked.\n[Restart](command:floeDbt.restartServer)\n[Show Log](command:floeDbt.showLog)",
  },
  {
    view: "floeDbt.cloud",
    when: "!isWorkspaceTrusted",
    contents:
      "dbt Cloud is not asked, because this workspace is not trusted.\n[Manage Workspace Trust](command:workbench.trust.manage)",
  },
];

/** Without a `when`: VS Code reads tasks.json as soon as a window opens, and never again offers what was not there yet. */
const taskDefinitions = [
  {
    type: "floeDbt",
    required: ["command"],
    properties: {
      command: {
        type: "string",
        enum: runVerbs,
        description: "What dbt does.",
      },
      select: {
        type: "string",
        description: "Selection of nodes, as in dbt's --select. Everything where absent.",
      },
      exclude: { type: "string", description: "Nodes to leave out, as in dbt's --exclude." },
      fullRefresh: { type: "boolean", description: "Build incremental models and seeds from scratch." },
      vars: { type: "string", description: "Variables, as YAML or JSON." },
      flags: { type: "array", items: { type: "string" }, description: "Further options of dbt, one each." },
      projectDir: {
        type: "string",
        description:
          "Folder of the project, absolute or from the workspace folder. Where absent, the project at the workspace folder, else that of the active file.",
      },
    },
  },
];

/** Of the lines of our task's terminal, and of `floe-dbt` in one: file:line: severity: message. */
const problemMatchers = [
  {
    name: "floeDbt",
    label: "Floe dbt",
    owner: "floeDbtTask",
    source: "dbt",
    fileLocation: "absolute",
    pattern: {
      regexp: "^((?:[A-Za-z]:)?[^:]+):(\\d+): (error|warning): (.*)$",
      file: 1,
      line: 2,
      severity: 3,
      message: 4,
    },
  },
];

const grammars = [
  {
    language: "jinja-sql",
    scopeName: "source.sql.dbt",
    path: "./syntaxes/jinja-sql.tmLanguage.json",
  },
  { scopeName: "source.dbt-jinja", path: "./syntaxes/dbt-jinja.tmLanguage.json" },
  injection("sql", ["source.sql"]),
  injection("sql-strings", ["source.sql"]),
  injection("yaml", ["source.yaml"]),
  injection("markdown", ["text.html.markdown"]),
];

function injection(name, injectTo) {
  return {
    scopeName: `dbt-jinja.injection.${name}`,
    path: `./syntaxes/dbt-jinja.injection.${name}.tmLanguage.json`,
    injectTo,
  };
}

/**
 * VS Code listens for what completes a step only once the walkthrough was opened, and to each event once: what is so already (a
 * project that is open, a view that is seen) never comes. So a link's command completes its step besides what it shows, and a
 * step about what may be so already is another one then, done by being looked at.
 */
const walkthrough = {
  id: "floeDbt.start",
  title: "Get started with Floe dbt",
  description: "Lint, run, test and browse dbt: your first five minutes.",
  steps: [
    {
      id: "open",
      title: "Open a dbt project",
      description:
        "Open the folder that holds your dbt_project.yml, or a folder above it.\n[Open Folder](command:workbench.action.files.openFolder)",
      media: { markdown: "media/walkthrough/open.md" },
      when: "!floeDbt.hasProjects && isWorkspaceTrusted",
      completionEvents: ["onContext:floeDbt.hasProjects"],
    },
    {
      id: "trust",
      title: "Trust the workspace",
      description:
        "dbt runs the project's own code. So it starts once you trust the folder.\n[Manage Workspace Trust](command:workbench.trust.manage)",
      media: { markdown: "media/walkthrough/open.md" },
      when: "!isWorkspaceTrusted",
      completionEvents: ["onContext:isWorkspaceTrusted"],
    },
    {
      id: "opened",
      title: "Your dbt project is open",
      description: "Its models, tests and sources are known from here on.",
      media: { markdown: "media/walkthrough/open.md" },
      when: "floeDbt.hasProjects",
      completionEvents: ["onStepSelected"],
    },
    {
      id: "environment",
      title: "See which environment is in use",
      description:
        "The status bar names the environment that compiles dbt. The Doctor says why it was chosen and mends what is missing.\n[Open the Doctor](command:floeDbt.showDoctor)",
      media: { markdown: "media/walkthrough/environment.md" },
      completionEvents: ["onCommand:floeDbt.showDoctor"],
    },
    {
      id: "lint",
      title: "Lint and fix",
      description:
        "Open a model: issues are underlined while you type. Fix one with the light bulb, or a whole project with a preview.\n[Lint Project](command:floeDbt.lintProject)\n[Fix Project](command:floeDbt.fixProject)",
      media: { markdown: "media/walkthrough/lint.md" },
      completionEvents: [
        "onCommand:floeDbt.lintProject",
        "onCommand:floeDbt.fixProject",
        "onCommand:floeDbt.lintFile",
        "onCommand:floeDbt.fixFile",
      ],
    },
    {
      id: "run",
      title: "Run a model",
      description:
        "Open a model and use $(play) above it, or build everything. Watch it node by node in Runs.\n[Build the Project](command:floeDbt.buildProject)\n[Show Runs](command:floeDbt.showRuns)",
      media: { markdown: "media/walkthrough/run.md" },
      completionEvents: [
        "onCommand:floeDbt.buildProject",
        "onCommand:floeDbt.showRuns",
        "onCommand:floeDbt.runModel",
        "onCommand:floeDbt.buildModel",
        "onView:floeDbt.runs",
      ],
    },
    {
      id: "tests",
      title: "See what is tested",
      description:
        "Every test of the project, under the model it tests: run one, and see the rows that fail it.\n[Show Tests](command:workbench.view.testing.focus)",
      media: { markdown: "media/walkthrough/tests.md" },
      completionEvents: [
        "onCommand:workbench.view.testing.focus",
        "onCommand:floeDbt.testModel",
        "onCommand:floeDbt.testProject",
        "onView:workbench.view.testing",
      ],
    },
    {
      id: "browse",
      title: "Find your way",
      description:
        "Sources, models, tests and macros, with what is above and below each.\n[Browse the Project](command:workbench.view.extension.floeDbt)",
      media: { markdown: "media/walkthrough/browse.md" },
      completionEvents: [
        "onCommand:workbench.view.extension.floeDbt",
        "onCommand:floeDbt.revealInProjectView",
        "onView:floeDbt.project",
      ],
    },
  ],
};

/** The generated keys of package.json; all others are written by hand. */
export const generated = {
  activationEvents: ["workspaceContains:**/dbt_project.yml"],
  extensionKind: ["workspace"],
  capabilities: {
    untrustedWorkspaces: {
      supported: "limited",
      description:
        "Colours and the Project view are there, read from files; dbt and Python start once the workspace is trusted.",
      restrictedConfigurations: restrictedSettings.map((name) => `floeDbt.${name}`),
    },
    virtualWorkspaces: {
      supported: false,
      description: "dbt needs the project's files on a disk.",
    },
  },
  contributes: {
    configuration,
    commands,
    menus,
    submenus,
    keybindings,
    viewsContainers,
    views,
    viewsWelcome,
    taskDefinitions,
    problemMatchers,
    languages: [
      {
        id: "jinja-sql",
        aliases: ["Jinja SQL", "jinja-sql"],
        configuration: "./syntaxes/jinja-sql.language-configuration.json",
      },
    ],
    grammars,
    yamlValidation: [
      { fileMatch: "floe.yaml", url: "./schemas/floe.schema.json" },
      { fileMatch: "manifest.yaml", url: "./schemas/floe-manifest.schema.json" },
    ],
    walkthroughs: [walkthrough],
  },
};

/** @returns package.json as it should be, and as it is */
export async function manifest() {
  const current = readFileSync(file, "utf8");
  const wanted = { ...JSON.parse(current), ...generated };
  const options = { ...(await resolveConfig(file)), parser: "json-stringify" };
  return { current, wanted: await format(JSON.stringify(wanted), options) };
}

async function main() {
  const { current, wanted } = await manifest();
  if (current === wanted) return;
  if (process.argv.includes("--check")) {
    console.error("package.json is stale. Run: npm run manifest");
    process.exitCode = 1;
    return;
  }
  writeFileSync(file, wanted);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
