import type { LastRun, NodeDetail } from "../../protocol/manifest.ts";
import { cleanText, plainMarkdown, shortened } from "./plainMarkdown.ts";

const mostColumns = 30;

/** What a hover shows of a node. Everything dbt says is text: nothing of it becomes a link or HTML. */
export function hoverText(node: NodeDetail, { markdown }: { markdown: boolean }): string {
  const text = markdown ? plainMarkdown : cleanText;
  const strong = (words: string): string => (markdown ? `**${text(words)}**` : text(words));
  const facts = [
    node.resourceType.replace("_", " "),
    node.materialized,
    node.access,
    ...node.tags.map((tag) => `#${tag}`),
  ];
  const parts = [
    `${strong(node.name)} ${text(facts.filter((fact) => fact !== null && fact !== "").join(" · "))}`,
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
