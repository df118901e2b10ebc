import path from "node:path";
import type { Settings } from "../../protocol/settings.ts";
import { expandSettingPath, resolveProgramPath } from "../config/expandSettingPath.ts";

/** Where a project is, and what its settings' paths may name. */
export interface PathContext {
  workspaceDir: string;
  homeDir: string;
  env: NodeJS.ProcessEnv;
}

/** `floeDbt.envFile` as an absolute path; undefined where it is switched off. */
export function envFileOf(settings: Settings, context: PathContext): string | undefined {
  const expanded = expandSettingPath(settings.envFile, contextOf(context));
  return expanded === "" ? undefined : path.resolve(context.workspaceDir, expanded);
}

/** `floeDbt.python.path`: absolute, or a bare name for PATH; undefined where it is not set. */
export function pythonPathOf(settings: Settings, context: PathContext): string | undefined {
  const program = resolveProgramPath(settings["python.path"], context.workspaceDir, contextOf(context));
  return program === "" ? undefined : program;
}

/** `floeDbt.fusion.path`: absolute, or a bare name for PATH; undefined where it is not set. */
export function enginePathOf(settings: Settings, context: PathContext): string | undefined {
  const program = resolveProgramPath(settings["fusion.path"], context.workspaceDir, contextOf(context));
  return program === "" ? undefined : program;
}

function contextOf({ workspaceDir, homeDir, env }: PathContext): Parameters<typeof expandSettingPath>[1] {
  return { workspaceFolder: workspaceDir, homeDir, env };
}
