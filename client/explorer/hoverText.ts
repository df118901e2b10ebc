import type { NodeDetail } from "../../protocol/manifest.ts";
import { age } from "./age.ts";
import { asMarkdownText, shortLine } from "./plainText.ts";

const columnLimit = 25;

/**
 * What the hover of a node says, as Markdown in which every text from the project is text: nothing in it is a link, an
 * icon or HTML, whatever a description holds.
 * @param now milliseconds since the epoch
 */
export function hoverText(node: NodeDetail, now: number): string {
  const shown = node.columns.slice(0, columnLimit);
  const hidden = node.columns.length - shown.length;
  const facts: [string, string | null][] = [
    ["Relation", node.relation],
    ["Materialized", node.materialized],
    ["Package", node.packageName],
    ["Tags", node.tags.length > 0 ? node.tags.join(", ") : null],
    ["Owner", node.owner],
    ["Access", node.access],
    [lastRunTitle(node), lastRun(node, now)],
  ];
  return [
    `**${asMarkdownText(node.name)}** ${node.resourceType.replaceAll("_", " ")}`,
    ...(node.description.trim() === "" ? [] : [asMarkdownText(node.description)]),
    facts
      .flatMap(([name, value]) =>
        value === null ? [] : [`${name}: ${asMarkdownText(shortLine(value, 300))}`],
      )
      .join("  \n"),
    ...(shown.length === 0
      ? []
      : [
          [
            "Columns:",
            ...shown.map((column) => `- ${columnText(column)}`),
            ...(hidden > 0 ? [`- and ${hidden} more`] : []),
          ].join("\n"),
        ]),
  ].join("\n\n");
}

function columnText({ name, type, description, tests }: NodeDetail["columns"][number]): string {
  const facts = [...(type === null ? [] : [type]), ...tests].join(", ");
  return [
    `**${asMarkdownText(shortLine(name, 100))}**`,
    ...(facts === "" ? [] : [`(${asMarkdownText(shortLine(facts, 200))})`]),
    ...(description.trim() === "" ? [] : [asMarkdownText(shortLine(description, 200))]),
  ].join(" ");
}

const lastRunTitle = ({ resourceType, lastRun: run }: NodeDetail): string =>
  (resourceType === "source" ? "Freshness" : "Last run") +
  (run?.inEnvironment === true ? " in the environment" : "");

function lastRun({ lastRun: run }: NodeDetail, now: number): string | null {
  if (!run) return null;
  return [
    run.status,
    ...(run.seconds === null ? [] : [`in ${run.seconds.toFixed(run.seconds < 10 ? 1 : 0)} s`]),
    ...(run.at === null ? [] : [age(run.at, now)]),
    ...(run.message === null || run.message.trim() === "" ? [] : [`: ${run.message}`]),
  ]
    .join(" ")
    .replace(" :", ":");
}
