import path from "node:path";
import * as vscode from "vscode";
import type { NodeDetail, ResourceType } from "../../protocol/manifest.ts";
import type { RunVerb } from "../../protocol/run.ts";
import { projectOf } from "../projectOf.ts";
import { selectorOf, titleOf } from "../runs/selectors.ts";
import type { CommandContext } from "./context.ts";
import type { ModelVerb } from "./runCommands.ts";

/** What a command is for: a part of one project, in words dbt understands. */
export interface Meant {
  projectDir: string;
  /** Undefined for all of the project. */
  selector?: string;
  /** What a person calls it. */
  name: string;
  /** Undefined where it is not one node, or not known. */
  type?: ResourceType;
}

/** A row of the Project view, as far as it matters here. */
interface SelectionRow {
  projectDir: string;
  selector: string | null;
  row: { label: string } | null;
}

/**
 * What a menu or a caller means: rows of the Project view, files or folders of the Explorer; without any, the file in the
 * active editor.
 * @param first what was clicked
 * @param all everything that was selected, where a menu says
 * @throws an error for a person if that is nothing dbt could run
 */
export async function meantNodes(context: CommandContext, first: unknown, all: unknown): Promise<Meant> {
  const selected = Array.isArray(all) && all.length > 0 ? (all as unknown[]) : [first];
  const rows = selected.filter(isSelectionRow);
  if (rows.length > 0) return meantRows(context, rows);
  const uris = selected.flatMap((each) =>
    each instanceof vscode.Uri ? [each] : typeof each === "string" ? [vscode.Uri.file(each)] : [],
  );
  const active = vscode.window.activeTextEditor?.document.uri;
  const files = uris.length > 0 ? uris : active ? [active] : [];
  const meant = await Promise.all(files.map((uri) => meantFile(context, uri)));
  return together(meant);
}

function isSelectionRow(value: unknown): value is SelectionRow {
  return value !== null && typeof value === "object" && "projectDir" in value && "selector" in value;
}

function meantRows({ server }: CommandContext, rows: readonly SelectionRow[]): Meant {
  return together(
    rows.map(({ projectDir, selector, row }) => {
      if (selector !== null) return { projectDir, selector, name: row?.label ?? selector };
      if (row) throw new Error(`${row.label} is nothing that dbt runs.`);
      const project = server.projects.find((each) => each.projectDir === projectDir);
      return { projectDir, name: project?.projectName ?? path.basename(projectDir) };
    }),
  );
}

/** Several are run as one selection. */
function together(meant: readonly Meant[]): Meant {
  const [first] = meant;
  if (!first) throw new Error("Open a model of a dbt project first.");
  if (meant.length === 1) return first;
  const { projectDir } = first;
  if (meant.some((each) => each.projectDir !== projectDir)) {
    throw new Error("What is selected is of several dbt projects: dbt runs one at a time.");
  }
  const whole = meant.find(({ selector }) => selector === undefined);
  if (whole) return whole;
  return {
    projectDir,
    selector: meant.flatMap(({ selector }) => selector ?? []).join(" "),
    name: titleOf(meant.map(({ name }) => name)),
  };
}

/** Whether a file may define what dbt runs: of a manifest that knows it, it is asked besides. */
export const isNodeFile = ({ fsPath }: vscode.Uri): boolean => /\.(sql|csv|py|ya?ml)$/i.test(fsPath);

async function meantFile(context: CommandContext, uri: vscode.Uri): Promise<Meant> {
  const project = uri.scheme === "file" ? projectOf(uri.fsPath, context.server.projects) : undefined;
  if (!project) throw new Error("This file is of no dbt project.");
  const { projectDir, projectName } = project;
  const relative = path.relative(projectDir, uri.fsPath).split(path.sep).join("/");
  // dbt_project.yml, floe.yaml, profiles.yml: what stands there is about all of it.
  if (/^([^/]+\.ya?ml)?$/.test(relative)) return { projectDir, name: projectName };
  const stat = await vscode.workspace.fs.stat(uri);
  if (stat.type & vscode.FileType.Directory)
    return { projectDir, selector: `path:${relative}`, name: relative };
  const name = path.basename(relative, path.extname(relative));
  if (/\.ya?ml$/.test(relative)) return { projectDir, selector: `path:${relative}`, name: relative };
  const node = await nodeOf(context, uri);
  if (node) return { projectDir, selector: selectorOf(node), name: node.name, type: node.resourceType };
  if (!isNodeFile(uri)) throw new Error(`${path.basename(relative)} is nothing that dbt runs.`);
  // Not in a manifest yet, or there is none yet: dbt knows it by its file's name as soon as it has read it.
  return { projectDir, selector: name, name, ...(relative.endsWith(".csv") ? { type: "seed" } : {}) };
}

async function nodeOf({ server }: CommandContext, uri: vscode.Uri): Promise<NodeDetail | null> {
  const { nodeRequest } = await import("../../protocol/requests.ts");
  try {
    return await server.request(nodeRequest, { uri: uri.toString() });
  } catch {
    return null; // the name of the file is a good answer as well
  }
}

/** What "run" means for what is no model. @throws an error for a person if dbt cannot do it with that */
export function verbFor(verb: ModelVerb, { type, name }: Meant): RunVerb {
  if (type === undefined) return verb;
  switch (type) {
    case "macro":
    case "doc":
    case "exposure":
    case "metric":
    case "semantic_model":
    case "saved_query":
    case "operation":
      throw new Error(`${name} is a ${type.replaceAll("_", " ")}: dbt does not run it by itself.`);
    case "analysis":
      if (verb === "compile") return verb;
      throw new Error(`${name} is an analysis: dbt compiles it, and never runs it.`);
    case "seed":
      return verb === "run" ? "seed" : verb;
    case "snapshot":
      return verb === "run" ? "snapshot" : verb;
    case "test":
    case "unit_test":
      return verb === "compile" ? verb : "test";
    case "source":
      throw new Error(`${name} is a source: dbt reads it, and never makes it.`);
    case "model":
    case "function":
      return verb;
  }
}
