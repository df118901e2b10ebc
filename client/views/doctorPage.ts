import type { DoctorProblem, DoctorProject, DoctorResult } from "../../protocol/requests.ts";

/** What the page needs besides the report. */
export interface DoctorPageOptions {
  nonce: string;
  /** Commands a remedy may run from the page; any other is named, not linked. */
  allowedCommands: readonly string[];
}

/**
 * The doctor's report as a page: headings, lists and tables for screen readers, the editor's own colours, and no script at
 * all: what one can click are command links, which the panel limits to `allowedCommands`.
 */
export function doctorPage(result: DoctorResult, options: DoctorPageOptions): string {
  const projects =
    result.projects.length === 0
      ? "<p>No dbt project was found in this workspace.</p>"
      : result.projects.map((project) => projectSection(project, options)).join("\n");
  return page(projects, options);
}

/** A page of one sentence, for when there is no report: still starting, restricted, failed. */
export function doctorMessagePage(sentence: string, options: DoctorPageOptions): string {
  return page(`<p role="status">${escapeHtml(sentence)}</p>`, options);
}

function page(content: string, { nonce }: DoctorPageOptions): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Floe dbt: Doctor</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<main>
<header>
<h1>Doctor</h1>
<nav aria-label="Report">
${commandLink("Refresh", "floeDbt.refreshDoctor")}
${commandLink("Copy report", "floeDbt.copyDoctorReport")}
${commandLink("Show log", "floeDbt.showLog")}
</nav>
</header>
${content}
</main>
</body>
</html>`;
}

function projectSection(project: DoctorProject, options: DoctorPageOptions): string {
  const { status, facts, searched, problems } = project;
  return `<section aria-label="${escapeHtml(status.projectName)}">
<h2>${escapeHtml(status.projectName)} <span class="state ${status.state}">${escapeHtml(status.state)}</span></h2>
<p class="path">${escapeHtml(status.projectDir)}</p>
${problems.length === 0 ? '<p class="good">No problems found.</p>' : `<h3>Problems</h3>\n<ul class="problems">${problems.map((problem) => problemItem(problem, options)).join("\n")}</ul>`}
<h3>Facts</h3>
<table><tbody>
${facts.map(({ label, value }) => `<tr><th scope="row">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`).join("\n")}
</tbody></table>
${searched.length === 0 ? "" : `<h3>Where Python was looked for</h3>\n<ul class="searched" role="list">${searched.map(searchedItem).join("\n")}</ul>`}
</section>`;
}

function problemItem({ severity, message, remedy }: DoctorProblem, options: DoctorPageOptions): string {
  const word = severity === "error" ? "Error" : "Warning";
  return `<li class="${severity}"><strong>${word}:</strong> ${escapeHtml(message)}${remedy ? `<div>${remedyLink(remedy, options)}</div>` : ""}</li>`;
}

function remedyLink(remedy: NonNullable<DoctorProblem["remedy"]>, options: DoctorPageOptions): string {
  if (remedy.command === undefined || !options.allowedCommands.includes(remedy.command)) {
    return `What to do: ${escapeHtml(remedy.title)}`;
  }
  return commandLink(remedy.title, remedy.command, remedy.arguments);
}

/** Places bring their number along: several may have the same. */
function searchedItem({ place, found, python, chosen }: DoctorProject["searched"][number]): string {
  const answer = found === null ? '<span class="absent">not found</span>' : foundInWords(found, python);
  return `<li${chosen ? ' class="chosen" aria-current="true"' : ""}>${escapeHtml(place)}: ${answer}${chosen ? " <strong>in use</strong>" : ""}</li>`;
}

function foundInWords(found: string, python: string | undefined): string {
  if (python === undefined || !found.startsWith(python)) return escapeHtml(found);
  return `<code>${escapeHtml(python)}</code>${escapeHtml(found.slice(python.length))}`;
}

function commandLink(title: string, command: string, args: readonly unknown[] = []): string {
  const query = args.length === 0 ? "" : `?${encodeURIComponent(JSON.stringify(args))}`;
  return `<a class="button" href="${escapeHtml(`command:${command}${query}`)}">${escapeHtml(title)}</a>`;
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Colours are the theme's; borders are drawn where high contrast asks for them. */
const style = `
body { padding: 0 1.5rem 2rem; color: var(--vscode-foreground); font: var(--vscode-font-size)/1.5 var(--vscode-font-family); }
main { max-width: 60rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0.5rem; }
h1 { font-size: 1.6em; font-weight: 600; } h2 { font-size: 1.3em; margin: 1.8rem 0 0; } h3 { font-size: 1em; margin: 1.2rem 0 0.3rem; }
section { border-top: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent)); }
.path, .absent { color: var(--vscode-descriptionForeground); } .path { margin: 0; overflow-wrap: anywhere; }
.state { font-size: 0.7em; font-weight: normal; margin-left: 0.4em; padding: 0.1em 0.6em; border-radius: 1em; vertical-align: middle;
  color: var(--vscode-badge-foreground); background: var(--vscode-badge-background); border: 1px solid var(--vscode-contrastBorder, transparent); }
.state.failed { color: var(--vscode-statusBarItem-errorForeground); background: var(--vscode-statusBarItem-errorBackground); }
.state.degraded { color: var(--vscode-statusBarItem-warningForeground); background: var(--vscode-statusBarItem-warningBackground); }
.good::before { content: "✓ "; color: var(--vscode-charts-green); }
table { border-collapse: collapse; } th { text-align: left; font-weight: normal; color: var(--vscode-descriptionForeground); padding: 0.15rem 1.5rem 0.15rem 0; vertical-align: top; white-space: nowrap; }
td { padding: 0.15rem 0; overflow-wrap: anywhere; } code { font-family: var(--vscode-editor-font-family); overflow-wrap: anywhere; }
ul.problems { list-style: none; padding: 0; margin: 0; } ul.problems li { padding: 0.5rem 0.8rem; margin: 0.4rem 0; border-left: 3px solid var(--vscode-editorWarning-foreground); background: var(--vscode-textBlockQuote-background); }
ul.problems li.error { border-left-color: var(--vscode-editorError-foreground); } ul.problems li div { margin-top: 0.5rem; }
ul.searched { list-style: none; margin: 0; padding: 0; } .chosen strong { color: var(--vscode-charts-green); }
a.button { display: inline-block; padding: 0.2rem 0.8rem; text-decoration: none; border-radius: 2px; color: var(--vscode-button-foreground);
  background: var(--vscode-button-background); border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
a.button:hover { background: var(--vscode-button-hoverBackground); }
nav a.button { border-color: var(--vscode-button-secondaryBorder, var(--vscode-contrastBorder, transparent)); color: var(--vscode-button-secondaryForeground); background: var(--vscode-button-secondaryBackground); }
nav a.button:hover { background: var(--vscode-button-secondaryHoverBackground); }
a.button:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
`;
