import path from "node:path";
import { environmentValue } from "./envVar.ts";

export interface SettingPathContext {
  workspaceFolder: string;
  homeDir: string;
  env: NodeJS.ProcessEnv;
}

/**
 * `~`, `${workspaceFolder}`, `${userHome}` and `${env:NAME}` in a setting that names a path. As in VS Code a variable that is
 * not set is empty; any other `${...}` stays as it is. A relative path stays relative: only the caller knows to what, and
 * `python3` is a name for PATH.
 */
export function expandSettingPath(value: string, context: SettingPathContext): string {
  return value
    .trim()
    .replace(/^~(?=$|[\\/])/, () => context.homeDir)
    .replace(/\$\{(workspaceFolder|userHome|env:([^}]+))\}/g, (_, variable: string, name: string) => {
      if (variable === "workspaceFolder") return context.workspaceFolder;
      return variable === "userHome" ? context.homeDir : (environmentValue(context.env, name) ?? "");
    });
}

/** The same, made absolute; but a bare name such as `python3.12` is left for PATH. */
export function resolveProgramPath(value: string, baseDir: string, context: SettingPathContext): string {
  const expanded = expandSettingPath(value, context);
  return /[\\/]/.test(expanded) ? path.resolve(baseDir, expanded) : expanded;
}
