import type { ProjectState, ProjectStatus } from "../../protocol/runtime.ts";
import type { ServerState } from "../languageServer.ts";

/** All the status bar item shows, as data. */
export interface StatusText {
  /** With codicons. */
  text: string;
  /** Markdown with codicons, to be shown untrusted. */
  tooltip: string;
  /** For screen readers: no icons. */
  label: string;
  tone: "plain" | "warning" | "error";
}

const icons: Record<ProjectState, string> = {
  idle: "$(circle-outline)",
  starting: "$(sync~spin)",
  parsing: "$(sync~spin)",
  ready: "$(check)",
  degraded: "$(warning)",
  failed: "$(error)",
};
const words: Record<ProjectState, string> = {
  idle: "not started yet",
  starting: "starting",
  parsing: "dbt is reading the project",
  ready: "ready",
  degraded: "works with less than it should",
  failed: "does not work",
};

/** What the status bar says of the server and of the active file's project; null where there is nothing to say. */
export function statusText(server: ServerState, project: ProjectStatus | undefined): StatusText | null {
  switch (server) {
    case "waiting":
      return null;
    case "restricted":
      return plain(
        "$(circle-slash)",
        "Floe dbt: restricted",
        "This workspace is not trusted: the Project view shows the manifest as it lies there, and nothing of dbt runs.",
      );
    case "starting":
      return plain("$(sync~spin)", "dbt", "Floe dbt is starting.");
    case "stopped":
    case "failed":
      return {
        ...plain(
          "$(error)",
          "dbt: stopped",
          "The language server does not run. Restart it, or look into the log.",
        ),
        tone: "error",
      };
    case "running":
      return project ? projectText(project) : plain("$(search)", "dbt", "Looking for dbt projects.");
  }
}

function plain(icon: string, text: string, sentence: string): StatusText {
  return { text: `${icon} ${text}`, tooltip: sentence, label: `${text}. ${sentence}`, tone: "plain" };
}

function projectText(project: ProjectStatus): StatusText {
  const environment = project.runtime ?? "no environment";
  const short = project.target === null ? environment : `${environment} · ${project.target}`;
  const why = project.runtimeReason === "" ? "" : ` (${project.runtimeReason})`;
  const lines = [
    `**dbt: ${escapeMarkdown(project.projectName)}**`,
    `${icons[project.state]} ${escapeMarkdown(capital(project.reason ?? words[project.state]))}`,
    [
      `Environment: ${escapeMarkdown(environment + why)}`,
      ...(project.target === null ? [] : [`Target: ${escapeMarkdown(project.target)}`]),
      ...inOrder(project.versions).map(([name, version]) => escapeMarkdown(named(name, version))),
    ].join("  \n"),
    ...(project.remedy ? [`$(lightbulb) ${escapeMarkdown(project.remedy.title)}`] : []),
    "Click for more.",
  ];
  return {
    text: `${icons[project.state]} dbt: ${withoutIcons(short)}`,
    tooltip: lines.join("\n\n"),
    label: [
      `dbt project ${project.projectName}`,
      `environment ${short}`,
      words[project.state],
      ...(project.reason === undefined ? [] : [project.reason]),
    ].join(", "),
    tone: project.state === "failed" ? "error" : project.state === "degraded" ? "warning" : "plain",
  };
}

/** What one looks for first stands first: dbt, then its linter, then all else, Python last. */
function inOrder(versions: ProjectStatus["versions"]): [string, string][] {
  const rank = (name: string): number =>
    [/^dbt-core$/, /^dbt-/, /^sqlfluff$/, /^sqlfluff/, /^(?!python)/].findIndex((those) => those.test(name));
  const last = Number.MAX_SAFE_INTEGER;
  return Object.entries(versions).toSorted(
    ([a], [b]) => (rank(a) >= 0 ? rank(a) : last) - (rank(b) >= 0 ? rank(b) : last),
  );
}

/** "dbt-core 1.11.16", whether or not the version says its name itself. */
const named = (name: string, version: string): string =>
  /^\d/.test(version) || !version.includes(" ") ? `${name} ${version}` : version;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Text from files and tools as it is, whatever it holds: no link, no markup, no icon. */
export function escapeMarkdown(text: string): string {
  return withoutIcons(text)
    .replace(/[\\`*_{}[\]()#+\-.!~|<>&]/g, (character) => `\\${character}`)
    .replace(/\s*\r?\n\s*/g, " ");
}

/** `$(name)` would become an icon: a zero-width space keeps it text. */
function withoutIcons(text: string): string {
  return text.replaceAll("$(", "$\u200b(");
}
