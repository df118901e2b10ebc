import { readFile } from "node:fs/promises";
import { LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import { cannot } from "../../protocol/capabilities.ts";
import { compileTextRequest } from "../../protocol/requests.ts";
import type { CompiledText } from "../../protocol/run.ts";
import { pathKey } from "../platform/paths.ts";
import { pathOfUri } from "../platform/uri.ts";
import type { DbtCapability, DbtPlugin } from "../plugins/dbtPlugin.ts";
import type { Project } from "../projects/project.ts";
import { sourceLines } from "../runs/sourceLines.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { signalOf } from "./guard.ts";

/** dbt/compileText: what a document compiles to as it is in the editor. A newer request of a document ends the older one. */
export const compileText: Feature = {
  register(context) {
    const running = new Map<string, AbortController>();
    context.answer(compileTextRequest, "Compiling the file", async (params, token) => {
      const key = pathKey(pathOfUri(params.uri) ?? params.uri);
      running.get(key)?.abort();
      const newest = new AbortController();
      running.set(key, newest);
      try {
        return await compiled(context, params, AbortSignal.any([newest.signal, signalOf(token)]));
      } finally {
        if (running.get(key) === newest) running.delete(key);
      }
    });
  },
};

async function compiled(
  context: ServerContext,
  params: { uri: string; text?: string },
  signal: AbortSignal,
): Promise<CompiledText> {
  const { filePath, project, plugin } = await sqlOfProject(context, params.uri, "compileNode");
  const text = params.text ?? (await textOfFile(context, filePath));
  const node = await plugin.compileNode(project.ref, { path: filePath, text }, { signal });
  return { ...node, sourceLines: node.sql === null ? [] : sourceLines(text, node.sql) };
}

/** A file that something is asked of, and the plugin that can do it. @throws ResponseError for a person where there is none */
export async function sqlOfProject<Verb extends DbtCapability & keyof DbtPlugin>(
  { projects }: Pick<ServerContext, "projects">,
  uri: string,
  verb: Verb,
): Promise<{ filePath: string; project: Project; plugin: DbtPlugin & Required<Pick<DbtPlugin, Verb>> }> {
  const filePath = pathOfUri(uri);
  const project = filePath === null ? null : await projects.of(filePath);
  if (filePath === null || !project) throw refused("This file is in no dbt project of the workspace.");
  const plugin = project.plugin();
  if (!can(plugin, verb)) {
    throw refused(cannot(plugin.runtime, verb));
  }
  return { filePath, project, plugin };
}

export function can<Verb extends DbtCapability & keyof DbtPlugin>(
  plugin: DbtPlugin,
  verb: Verb,
): plugin is DbtPlugin & Required<Pick<DbtPlugin, Verb>> {
  return plugin.capabilities.has(verb) && plugin[verb] !== undefined;
}

/** The text in the editor, else the file's. @throws ResponseError where there is no such file */
export async function textOfFile(
  { documents }: Pick<ServerContext, "documents">,
  filePath: string,
): Promise<string> {
  const open = documents.textOf(filePath);
  if (open !== undefined) return open;
  try {
    return await readFile(filePath, "utf8");
  } catch (error) {
    throw refused(`${filePath} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function refused(sentence: string): ResponseError {
  return new ResponseError(LSPErrorCodes.RequestFailed, sentence);
}
