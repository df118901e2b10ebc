import type { DoctorProblem, DoctorProject, DoctorResult } from "../../protocol/requests.ts";
import { commandButton, escapeHtml, htmlPage, reportStyle } from "./htmlPage.ts";

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
  return htmlPage(
    "Floe dbt: Doctor",
    nonce,
    `${reportStyle}${ownStyle}`,
    `<main>
<header>
<h1>Doctor</h1>
<nav aria-label="Report">
${commandButton("Refresh", "floeDbt.refreshDoctor")}
${commandButton("Copy report", "floeDbt.copyDoctorReport")}
${commandButton("Show log", "floeDbt.showLog")}
</nav>
</header>
${content}
</main>`,
  );
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
  return commandButton(remedy.title, remedy.command, remedy.arguments);
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

const ownStyle = `
main { max-width: 60rem; }
h1 { font-size: 1.6em; font-weight: 600; } h2 { font-size: 1.3em; margin: 1.8rem 0 0; } h3 { font-size: 1em; margin: 1.2rem 0 0.3rem; }
section { border-top: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent)); }
.path, .absent { color: var(--vscode-descriptionForeground); } .path { margin: 0; overflow-wrap: anywhere; }
.state { font-size: 0.7em; font-weight: normal; margin-left: 0.4em; padding: 0.1em 0.6em; border-radius: 1em; vertical-align: middle;
  color: var(--vscode-badge-foreground); background: var(--vscode-badge-background); border: 1px solid var(--vscode-contrastBorder, transparent); }
.state.failed { color: var(--vscode-statusBarItem-errorForeground); background: var(--vscode-statusBarItem-errorBackground); }
.state.degraded { color: var(--vscode-statusBarItem-warningForeground); background: var(--vscode-statusBarItem-warningBackground); }
.good::before { content: "✓ "; color: var(--vscode-charts-green); }
th { vertical-align: top; white-space: nowrap; } td { padding: 0.15rem 0; overflow-wrap: anywhere; }
ul.problems li div { margin-top: 0.5rem; } .chosen strong { color: var(--vscode-charts-green); }
.problems a.button { color: var(--vscode-button-foreground); background: var(--vscode-button-background); }
.problems a.button:hover { background: var(--vscode-button-hoverBackground); }
`;
