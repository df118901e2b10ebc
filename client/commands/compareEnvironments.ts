import { randomBytes } from "node:crypto";
import path from "node:path";
import * as vscode from "vscode";
import { compareEnvironmentsRequest, type CompareParams, targetsRequest } from "../../protocol/requests.ts";
import type { Comparison } from "../../protocol/compare.ts";
import type { RuntimeName } from "../../protocol/runtime.ts";
import { inform } from "../log.ts";
import { comparisonPage } from "../views/comparisonPage.ts";
import { setPanelIcon } from "../views/panelIcon.ts";
import type { CommandContext } from "./context.ts";
import { pickProject } from "./pickProject.ts";

let panel: vscode.WebviewPanel | undefined;
let last: { comparison: Comparison; markdown: string } | undefined;

const allowed = [
  "floeDbt.compareEnvironments",
  "floeDbt.exportComparison",
  "floeDbt.showComparedSql",
  "floeDbt.openComparedFile",
];

/** Compiles a project in two environments and shows what differs. */
export async function compareEnvironments(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Compare Environments");
  if (!project) return;
  const { projectDir, projectName, runtime } = project;
  const left = runtime ?? "local";
  const other = await otherThan(context, projectDir, left);
  if (!other) return;
  last = await context.server.requestWithProgress(
    `Comparing environments of ${projectName}`,
    compareEnvironmentsRequest,
    { projectDir, left, ...other },
  );
  panel ??= open();
  panel.webview.html = comparisonPage(last.comparison, randomBytes(16).toString("hex"));
  panel.reveal();
}

type Other = Pick<CompareParams, "right" | "changedOnly">;

/** The other environment: the only one, or the one a person picks; what is deployed as a whole, or where it changed in git. */
async function otherThan(
  context: CommandContext,
  projectDir: string,
  left: RuntimeName,
): Promise<Other | undefined> {
  const { runtimes } = await context.server.request(targetsRequest, { projectDir });
  const leftDeploys = runtimes.some(({ name, deploys }) => name === left && deploys);
  const items = runtimes
    .filter(({ name, available }) => available && name !== left)
    .flatMap(({ name: right, title, detail, deploys }): (vscode.QuickPickItem & Other)[] => {
      if (!deploys && !leftDeploys) return [{ label: title, detail, right }];
      const whole = deploys ? "what would change against its newest run; starts nothing there" : detail;
      return [
        { label: title, detail: whole, right },
        {
          label: `${title}, changed in git only`,
          detail: "models that changed since the commit that is deployed",
          right,
          changedOnly: true,
        },
      ];
    });
  const [only] = items;
  if (!only)
    throw new Error("There is no second environment to compare with here. The Doctor says what is missing.");
  const picked =
    items.length === 1
      ? only
      : await vscode.window.showQuickPick(items, {
          title: "Compare Environments",
          placeHolder: `Compare ${left} with`,
        });
  return picked && { right: picked.right, changedOnly: picked.changedOnly ?? false };
}

function open(): vscode.WebviewPanel {
  const made = vscode.window.createWebviewPanel(
    "floeDbt.comparison",
    "Floe dbt: Compare Environments",
    vscode.ViewColumn.Active,
    { enableScripts: false, enableCommandUris: allowed, localResourceRoots: [], enableFindWidget: true },
  );
  setPanelIcon(made);
  made.onDidDispose(() => (panel = undefined));
  return made;
}

/** The editor's own diff of what both environments make of a node. */
export async function showComparedSql({ texts }: CommandContext, uniqueId: unknown): Promise<void> {
  const node = last?.comparison.different.find((each) => each.uniqueId === uniqueId);
  if (!last || !node) throw new Error("Compare the environments first.");
  const { left, right } = last.comparison;
  const uriOf = (title: string, sql: string): vscode.Uri =>
    texts.add(`${node.name} (${title}).sql`, node.uniqueId, sql);
  await vscode.commands.executeCommand(
    "vscode.diff",
    uriOf(left.title, node.left),
    uriOf(right.title, node.right),
    `${node.name}: ${left.title} ↔ ${right.title}`,
  );
}

export async function openComparedFile(filePath: unknown, line: unknown): Promise<void> {
  const known = last?.comparison;
  if (!known || typeof filePath !== "string") throw new Error("Compare the environments first.");
  const relative = path.relative(known.projectDir, filePath);
  if (relative.startsWith("..") || path.isAbsolute(relative))
    throw new Error(`${filePath} is not in the project.`);
  const at = new vscode.Position(Math.max(0, (typeof line === "number" ? line : 1) - 1), 0);
  await vscode.window.showTextDocument(vscode.Uri.file(filePath), { selection: new vscode.Range(at, at) });
}

/** Saves the last comparison where the person says. */
export async function exportComparison(format: unknown): Promise<void> {
  if (!last) throw new Error("Compare the environments first.");
  const isJson = format === "json";
  const name = `comparison.${isJson ? "json" : "md"}`;
  const target = await vscode.window.showSaveDialog({
    title: "Export Comparison",
    defaultUri: vscode.Uri.file(path.join(last.comparison.projectDir, name)),
    filters: isJson ? { JSON: ["json"] } : { Markdown: ["md"] },
  });
  if (!target) return;
  const text = isJson ? `${JSON.stringify(last.comparison, null, 2)}\n` : last.markdown;
  await vscode.workspace.fs.writeFile(target, Buffer.from(text, "utf8"));
  await inform(`The comparison is in ${target.fsPath}.`);
}
