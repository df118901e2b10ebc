import { cannot, needOf } from "../../protocol/capabilities.ts";
import type { DbtCompilationResult } from "../../protocol/compilation.ts";
import { namedSelection, type RunRequest } from "../../protocol/run.ts";
import type { Call, DbtPlugin, ProjectRef, RunSelection } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";

/** @returns why this environment cannot do it, in one sentence; null if it can */
export function whyNot(request: RunRequest, plugin: DbtPlugin): string | null {
  const need = needOf(request);
  return need === undefined || plugin.capabilities.has(need) ? null : cannot(plugin.runtime, need);
}

/**
 * Carries out a request with the plugin's own verb for it.
 * @returns null where the verb has no result of nodes: `deps`, and a compile of all by an environment without more
 * @throws DbtError, also where the environment lacks the verb
 */
export async function invoke(
  request: RunRequest,
  plugin: DbtPlugin,
  project: ProjectRef,
  call: Call,
): Promise<DbtCompilationResult | null> {
  const reason = whyNot(request, plugin);
  if (reason !== null) throw new DbtConfigurationError(reason);
  const selection = selectionOf(request);
  switch (request.verb) {
    case "run":
      return plugin.runModels(project, selection, call);
    case "test":
      return plugin.runTests(project, selection, call);
    case "deps":
      await plugin.deps?.(project, call);
      return null;
    case "compile":
      if (plugin.compileSelection) return plugin.compileSelection(project, selection, call);
      await plugin.compileProject(project, call);
      return null;
    case "build":
    case "seed":
    case "snapshot":
      return (await plugin[request.verb]?.(project, selection, call)) ?? null;
  }
}

/** What of a request goes to dbt as it is. */
export function selectionOf(request: Omit<RunRequest, "projectDir" | "verb">): RunSelection {
  const { select, exclude, fullRefresh, vars } = request;
  const named = namedSelection(request);
  const flags = [...(named === null ? [] : [`--selector=${named}`]), ...(request.flags ?? [])];
  return {
    ...(select && named === null && { select }),
    ...(exclude && { exclude }),
    ...(fullRefresh && { fullRefresh }),
    ...(vars && { vars }),
    ...(flags.length > 0 && { flags }),
  };
}
