import path from "node:path";
import type { ComparedNode, Comparison, DiagnosticGroup } from "../../protocol/compare.ts";
import { commandButton, commandHref, escapeHtml, htmlPage, reportStyle } from "./htmlPage.ts";
import { counted } from "../../protocol/counted.ts";

/**
 * A comparison as a page: the verdict first, then what stands in the way by code, then what differs. No script: what one can
 * click are command links, which Tab reaches.
 */
export function comparisonPage(comparison: Comparison, nonce: string): string {
  const { left, right, different, diagnostics, onlyLeft, onlyRight, dependencies } = comparison;
  const sections = [
    ...diagnostics.map((group) => groupSection(group, comparison)),
    section(
      `Other SQL: ${different.length} of ${comparison.compared}`,
      different.map((node) =>
        item(node, comparison, commandButton("Show difference", "floeDbt.showComparedSql", [node.uniqueId])),
      ),
    ),
    section(
      `Only in ${left.title}: ${onlyLeft.length}`,
      onlyLeft.map((node) => item(node, comparison)),
    ),
    section(
      `Only in ${right.title}: ${onlyRight.length}`,
      onlyRight.map((node) => item(node, comparison)),
    ),
    section(
      `Other dependencies: ${dependencies.length}`,
      dependencies.map((node) =>
        item(
          node,
          comparison,
          escapeHtml(
            [...node.onlyLeft.map((id) => `− ${id}`), ...node.onlyRight.map((id) => `+ ${id}`)].join(", "),
          ),
        ),
      ),
    ),
  ];
  return htmlPage(
    "Floe dbt: Compare Environments",
    nonce,
    `${reportStyle}${ownStyle}`,
    `<main>
<header>
<h1>${escapeHtml(comparison.projectName)}: ${escapeHtml(left.title)} and ${escapeHtml(right.title)}</h1>
<nav aria-label="Comparison">
${commandButton("Compare again", "floeDbt.compareEnvironments", [comparison.projectDir])}
${commandButton("Export as Markdown", "floeDbt.exportComparison", ["markdown"])}
${commandButton("Export as JSON", "floeDbt.exportComparison", ["json"])}
</nav>
</header>
<p class="verdict ${comparison.same ? "good" : "bad"}" role="status">${escapeHtml(comparison.verdict)}</p>
<table><thead><tr><td></td><th scope="col">Nodes</th><th scope="col">Seconds</th></tr></thead><tbody>
${[left, right].map((side) => `<tr><th scope="row">${escapeHtml(side.title)}</th><td>${side.nodes}</td><td>${side.seconds.toFixed(1)}</td></tr>`).join("\n")}
</tbody></table>
${sections.join("\n")}
</main>`,
  );
}

function groupSection(group: DiagnosticGroup, comparison: Comparison): string {
  const { side, code, name, severity, count, places } = group;
  const title = `${counted(count, severity)} only in ${side === "left" ? comparison.left.title : comparison.right.title}: ${code === "dbt" ? "without a code" : code}${name === null ? "" : ` ${name}`}`;
  const items = places.map(({ message, filePath, line }) => {
    const where = filePath === null ? "" : `${fileLink(comparison, filePath, line)} `;
    return `<li class="${severity}">${where}${escapeHtml(message)}</li>`;
  });
  if (count > places.length) items.push(`<li>… and ${count - places.length} more</li>`);
  return section(title, items, "problems");
}

function item({ uniqueId, filePath }: ComparedNode, comparison: Comparison, more = ""): string {
  const file = filePath === null ? "" : ` ${fileLink(comparison, filePath, null)}`;
  return `<li><code>${escapeHtml(uniqueId)}</code>${file} ${more}</li>`;
}

function section(title: string, items: readonly string[], kind = "plain"): string {
  if (items.length === 0) return "";
  return `<section><h2>${escapeHtml(title)}</h2>\n<ul class="${kind}">${items.join("\n")}</ul></section>`;
}

function fileLink({ projectDir }: Comparison, filePath: string, line: number | null): string {
  const shown =
    path.relative(projectDir, filePath).split(path.sep).join("/") + (line === null ? "" : `:${line}`);
  return `<a href="${commandHref("floeDbt.openComparedFile", [filePath, line])}">${escapeHtml(shown)}</a>`;
}

const ownStyle = `
main { max-width: 64rem; }
h1 { font-size: 1.4em; font-weight: 600; } h2 { font-size: 1.1em; margin: 1.4rem 0 0.3rem; }
.verdict { font-size: 1.2em; padding: 0.6rem 1rem; margin: 0.5rem 0 1rem; border-left: 4px solid var(--vscode-editorWarning-foreground); background: var(--vscode-textBlockQuote-background); }
.verdict.good { border-left-color: var(--vscode-charts-green); }
td { padding: 0.15rem 1.5rem 0.15rem 0; text-align: right; } ul.plain li { padding: 0.2rem 0; }
`;
