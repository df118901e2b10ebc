import type { Comparison } from "../../protocol/compare.ts";
import { toSnakeCaseKeys } from "../../protocol/json.ts";
import type { RuntimeName } from "../../protocol/runtime.ts";
import { compareEnvironments } from "../compare/compareEnvironments.ts";
import { comparisonMarkdown, comparisonText } from "../compare/comparisonReport.ts";
import { defaultStorageDir } from "../platform/storage.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { type CommandContext, openProjects, type ProjectOptions } from "./projects.ts";

export const compareFormats = ["text", "json", "markdown"] as const;
export interface CompareOptions extends ProjectOptions {
  with: RuntimeName;
  changed?: boolean;
  format: (typeof compareFormats)[number];
}

/** `floe-dbt compare`. @returns 0 nothing differs, 1 something does */
export async function runCompare(options: CompareOptions, context: CommandContext): Promise<0 | 1> {
  const { terminal, signal, env } = context;
  await using opened = await openProjects([], options, context);
  let same = true;
  for (const { project, plugin, name, target, pluginOf } of opened.projects) {
    if (plugin.runtime === options.with) {
      throw new DbtConfigurationError(
        `${project.projectDir} is on ${options.with} already. Name the other environment with --runtime.`,
      );
    }
    const comparison = await compareEnvironments(
      { ...project, name },
      { left: plugin, right: pluginOf(options.with) },
      {
        storageDir: defaultStorageDir(env),
        target,
        ...(options.changed && { changedOnly: true }),
        signal,
        onProgress: (done, total, label) => terminal.progress(`${label} ${done}/${total}`),
      },
    );
    same &&= comparison.same;
    terminal.data(print(comparison, options.format));
  }
  return same ? 0 : 1;
}

function print(comparison: Comparison, format: CompareOptions["format"]): string {
  if (format === "json") return `${JSON.stringify(toSnakeCaseKeys(comparison), null, 2)}\n`;
  return format === "markdown" ? comparisonMarkdown(comparison) : comparisonText(comparison);
}
