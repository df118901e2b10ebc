import * as z from "zod";

/**
 * The settings of section `floeDbt`: one schema gives the type, the default and the description in package.json
 * (scripts/manifest.mjs). A value that does not fit falls back to its default, and `parseSettings` says so.
 */

/** Extra facts package.json needs that zod does not hold. */
interface Presentation {
  scope: "resource" | "machine-overridable" | "window";
  markdownDescription: string;
  enumDescriptions?: string[];
  /** Offered values, where fewer than the schema accepts. */
  offered?: string[];
}

const setting = <Schema extends z.ZodType>(schema: Schema, presentation: Presentation) => ({
  schema,
  presentation,
});

export const settings = {
  runtime: setting(z.enum(["auto", "local", "fusion", "cloud"]).default("auto"), {
    scope: "resource",
    markdownDescription:
      "Which environment compiles dbt for this project. `auto` follows `manifest.yaml`, and without one takes what is installed.",
    offered: ["auto", "local", "fusion", "cloud"],
    enumDescriptions: [
      "Follow manifest.yaml; without one, take what is installed for the project",
      "dbt-core in the project's Python environment, linted by SQLFluff",
      "The dbt v2 engine (Fusion): its own diagnostics, and SQLFluff where the project's Python environment has it",
      "dbt Cloud, through its API: each command is a run of a job there",
    ],
  }),
  target: setting(z.string().default(""), {
    scope: "resource",
    markdownDescription: "Target of `profiles.yml` to use. Empty: the profile's own default.",
  }),
  profilesDir: setting(z.string().default(""), {
    scope: "machine-overridable",
    markdownDescription:
      "Folder that holds `profiles.yml`; `~` and `${workspaceFolder}` are understood. Empty: where dbt looks (`DBT_PROFILES_DIR`, the project, `~/.dbt`).",
  }),
  "python.path": setting(z.string().default(""), {
    scope: "machine-overridable",
    markdownDescription:
      "Python that has dbt and SQLFluff; `~` and `${workspaceFolder}` are understood. Empty: found by itself. **Floe dbt: Doctor** shows where it looked.",
  }),
  "fusion.path": setting(z.string().default(""), {
    scope: "machine-overridable",
    markdownDescription:
      "The dbt v2 engine (`dbtf` or `dbt`); `~` and `${workspaceFolder}` are understood. Empty: found by itself in the project's Python environment, `~/.local/bin`, the usual folders and on `PATH`. **Floe dbt: Doctor** shows where it looked.",
  }),
  envFile: setting(z.string().default("${workspaceFolder}/.env"), {
    scope: "resource",
    markdownDescription: "File of environment variables for dbt alone. Empty: none.",
  }),
  "lint.run": setting(z.enum(["onType", "onSave", "manual"]).default("onType"), {
    scope: "resource",
    markdownDescription: "When SQL is linted.",
    enumDescriptions: [
      "While you type, unsaved text included",
      "When a file is saved",
      "Only when asked for",
    ],
  }),
  "lint.scope": setting(z.enum(["openFiles", "project"]).default("openFiles"), {
    scope: "resource",
    markdownDescription: "Which files are linted by themselves.",
    enumDescriptions: ["The files that are open", "Every file of the project, in the background"],
  }),
  "lint.severity": setting(
    z.record(z.string(), z.enum(["error", "warning", "info", "hint", "off"])).default({}),
    {
      scope: "resource",
      markdownDescription:
        'How severe an issue is shown, by rule code, rule name or pattern: `{ "LT*": "info", "capitalisation.keywords": "off" }`. The most specific pattern wins.',
    },
  ),
  "lint.timeLimit": setting(z.number().int().min(5).max(3600).default(60), {
    scope: "resource",
    markdownDescription: "Seconds one file may take to lint before the worker is replaced.",
  }),
  "preview.limit": setting(z.number().int().min(1).max(100_000).default(500), {
    scope: "resource",
    markdownDescription: "Rows a query preview fetches at most.",
  }),
  "preview.codeLens": setting(z.boolean().default(true), {
    scope: "resource",
    markdownDescription: "Offer **Preview** above each model and each of its CTEs.",
  }),
  "explorer.autoReveal": setting(z.boolean().default(true), {
    scope: "resource",
    markdownDescription: "Whether the Project view selects what the active file defines.",
  }),
  "run.saveBefore": setting(z.boolean().default(true), {
    scope: "resource",
    markdownDescription:
      "Save the project's changed files before dbt runs, so that it runs what you see. Otherwise it runs what is saved.",
  }),
  "worker.idleMinutes": setting(z.number().int().min(1).max(1440).default(30), {
    scope: "resource",
    markdownDescription:
      "Minutes without use after which the Python worker of a project ends. It starts again when needed.",
  }),
  "cloud.commit": setting(z.enum(["environment", "head"]).default("environment"), {
    scope: "resource",
    markdownDescription:
      "Which commit a command that changes the warehouse runs in dbt Cloud. A compile always takes yours, where a remote has it.",
    enumDescriptions: [
      "The one the job's environment is at",
      "The commit that is checked out here, if a remote has it",
    ],
  }),
  "cloud.ask": setting(z.enum(["first", "always", "never"]).default("first"), {
    scope: "resource",
    markdownDescription: "When to ask before something is started in dbt Cloud.",
    enumDescriptions: ["Before the first command of each project", "Before every command", "Never"],
  }),
} as const;

export type SettingName = keyof typeof settings;
export type Settings = { [Name in SettingName]: z.output<(typeof settings)[Name]["schema"]> };

/**
 * Reads the section `floeDbt` as a client gives it: nested (`lint: { run }`) or dotted (`"lint.run"`).
 * @returns the settings, every one of them set, and one sentence for each value that was not accepted
 */
export function parseSettings(section: unknown): { settings: Settings; rejected: string[] } {
  const rejected: string[] = [];
  const parsed = Object.fromEntries(
    Object.entries(settings).map(([name, { schema }]) => {
      const value = valueAt(section, name);
      const result = schema.safeParse(value ?? undefined);
      if (result.success) return [name, result.data];
      rejected.push(`floeDbt.${name}: ${result.error.issues.map((issue) => issue.message).join("; ")}`);
      return [name, schema.parse(undefined)];
    }),
  ) as Settings;
  return { settings: parsed, rejected };
}

function valueAt(section: unknown, name: string): unknown {
  if (section === null || typeof section !== "object") return undefined;
  const record = section as Record<string, unknown>;
  if (name in record) return record[name];
  return name
    .split(".")
    .reduce<unknown>(
      (value, key) =>
        value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined,
      record,
    );
}
