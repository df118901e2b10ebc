import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import type { LintIssue } from "../../protocol/lint.ts";
import type { RuntimeName } from "../../protocol/runtime.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import {
  DbtCancelledError,
  DbtConfigurationError,
  DbtEnvironmentError,
  DbtError,
} from "../plugins/errors.ts";
import type { Side, SideDiagnostic, SideNode } from "./compareSides.ts";
import { sideNodes } from "./sideNodes.ts";

const nodesSchema = z.array(
  z.looseObject({
    unique_id: z.string(),
    status: z.string(),
    message: z.string().nullish(),
    file: z.string().nullish(),
  }),
);

const otherTarget = { title: "Select Target", command: "floeDbt.selectTarget" };

export const titles: Record<RuntimeName, string> = {
  local: "dbt-core",
  fusion: "Fusion",
  cloud: "dbt Cloud",
};

/**
 * Compiles a project in one environment, into a folder of ours: the user's target/ stays as it is.
 * @throws DbtError where the environment is not there; a project that it cannot compile is data
 */
export async function compileSide(
  plugin: DbtPlugin,
  project: ProjectRef,
  dir: string,
  signal: AbortSignal,
): Promise<Side> {
  const compile = plugin.compileSelection?.bind(plugin);
  if (!compile || !plugin.capabilities.has("compileSelection")) {
    throw new DbtConfigurationError(
      `The ${plugin.runtime} environment cannot compile beside the user's own target, so it cannot be compared.`,
    );
  }
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  await mkdir(dir, { recursive: true });
  const metadata = await plugin.getRuntimeMetadata(project, { signal });
  const diagnostics: SideDiagnostic[] = [];
  let failure: string | null = null;
  const startedAt = performance.now();
  try {
    const compiled = await compile(
      project,
      { flags: [`--target-path=${dir}`, `--log-path=${dir}`] },
      { signal },
    );
    // Models that ask the database would differ in this alone.
    const unreachable = compiled.metadata["unreachable_warehouse"];
    if (typeof unreachable === "string") throw new DbtEnvironmentError(unreachable, { remedy: otherTarget });
    for (const { status, message, file } of nodesSchema.safeParse(compiled.metadata["nodes"]).data ?? []) {
      if (!["error", "fail", "runtime error"].includes(status)) continue;
      diagnostics.push(plainError(message ?? "It does not compile.", file ?? null, null));
    }
  } catch (error) {
    if (!(error instanceof DbtError) || error instanceof DbtCancelledError) throw error;
    if (error.kind === "environment" || error.kind === "authentication") throw error;
    failure = error.message;
    diagnostics.push(plainError(error.message, error.filePath ?? null, error.line ?? null));
  }
  const seconds = (performance.now() - startedAt) / 1000;
  if (plugin.capabilities.has("checkProject")) {
    const said = await checked(plugin, project, signal);
    if (said.length > 0) diagnostics.length = 0;
    diagnostics.push(...said);
  }
  const manifest = path.join(dir, "manifest.json");
  return {
    runtime: plugin.runtime,
    title: `${titles[plugin.runtime]} ${metadata.dbtVersion ?? ""}`.trim(),
    dbtVersion: metadata.dbtVersion,
    seconds,
    nodes:
      (await sideNodes(manifest, project.projectDir, failure === null))?.nodes ?? new Map<string, SideNode>(),
    diagnostics,
    failure,
  };
}

/** All that an engine says of the project: a compile that fails says only the first. */
async function checked(
  plugin: DbtPlugin,
  project: ProjectRef,
  signal: AbortSignal,
): Promise<SideDiagnostic[]> {
  const issues: LintIssue[] = [];
  try {
    await plugin.lintProject(
      project,
      { paths: [], all: true },
      {
        signal,
        onEvent: (event) => {
          if (event.type === "projectChecked") issues.push(...event.issues);
        },
      },
    );
  } catch (error) {
    if (!(error instanceof DbtError) || error instanceof DbtCancelledError) throw error;
  }
  return issues.map(({ ruleCode, ruleName, severity, message, filePath, line }) => ({
    code: ruleCode,
    name: ruleName ?? null,
    severity: severity === "error" ? "error" : "warning",
    message,
    filePath,
    line,
  }));
}

function plainError(message: string, filePath: string | null, line: number | null): SideDiagnostic {
  return { code: "dbt", name: null, severity: "error", message, filePath, line };
}
