import type { LastRun, NodeDetail } from "../../protocol/manifest.ts";
import { cleanText, plainMarkdown, shortened } from "./plainMarkdown.ts";

const mostColumns = 30;

/** What a hover shows of a node. Everything dbt says is text: nothing of it becomes a link or HTML. */
export function hoverText(node: NodeDetail, { markdown }: { markdown: boolean }): string {
  const text = markdown ? plainMarkdown : cleanText;
  const strong = (words: string): string => (markdown ? `**${text(words)}**` : text(words));
  const type = node.resourceType.replace("_", " ");
  const facts = [
    type,
    node.materialized === type ? null : node.materialized,
    node.access,
    ...node.tags.map((tag) => `#${tag}`),
  ];
  const parts = [
    `${strong(node.name)} ${text(facts.filter((fact) => fact !== null && fact !== "").join(" · "))}`,
    text(callOf(node)),
    node.relation === null ? "" : text(node.relation),
    node.description === "" ? "" : text(shortened(node.description, 2000)),
    lines(
      node.columns.slice(0, mostColumns).map(({ name, type, description, tests }) => {
        const rest = [type, shortened(description.split("\n")[0] ?? "", 120), tests.join(", ")];
        return `${strong(name)} ${text(rest.filter((part) => part !== null && part !== "").join(" · "))}`.trim();
      }),
      markdown,
    ),
    node.columns.length > mostColumns ? text(`and ${node.columns.length - mostColumns} columns more`) : "",
    node.lastRun === null ? "" : text(lastRunWords(node.resourceType, node.lastRun)),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** How it is called, where that says more than its name: arguments of a macro, source, package and version. */
function callOf({ name, resourceType, reference }: NodeDetail): string {
  const call = reference?.replace(/^\{\{ | \}\}$/g, "") ?? "";
  return resourceType === "doc" || call === `ref('${name}')` ? "" : call;
}

/** What a hover shows of a variable. @param value in dbt_project.yml; undefined where it has none */
export function variableHover(name: string, value: unknown, { markdown }: { markdown: boolean }): string {
  const text = markdown ? plainMarkdown : cleanText;
  const said = typeof value === "string" ? value : JSON.stringify(value);
  const words = value === undefined ? "dbt_project.yml gives it no value." : shortened(said, 300);
  return `${markdown ? `**${text(name)}**` : text(name)} variable\n\n${text(words)}`;
}

function lines(all: string[], markdown: boolean): string {
  return all.map((line) => (markdown ? `- ${line}` : `  ${line}`)).join("\n");
}

function lastRunWords(
  type: NodeDetail["resourceType"],
  { status, seconds, message, inEnvironment }: LastRun,
): string {
  const took = seconds === null ? "" : ` in ${seconds.toFixed(2)} s`;
  const said = message === null || status === "success" ? "" : `: ${shortened(message, 300)}`;
  const where = inEnvironment === true ? " in the environment" : "";
  return `${type === "source" ? "Freshness" : "Last run"}${where}: ${status}${took}${said}`;
}
