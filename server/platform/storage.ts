import { homedir } from "node:os";
import path from "node:path";

/** Where caches and private target folders go when no client says otherwise: the platform's cache folder. */
export function defaultStorageDir(env: NodeJS.ProcessEnv): string {
  if (process.platform === "win32") {
    return path.join(env.LOCALAPPDATA ?? path.join(homedir(), "AppData", "Local"), "floe-dbt");
  }
  if (process.platform === "darwin") return path.join(homedir(), "Library", "Caches", "floe-dbt");
  const cache = env.XDG_CACHE_HOME;
  return path.join(
    cache !== undefined && path.isAbsolute(cache) ? cache : path.join(homedir(), ".cache"),
    "floe-dbt",
  );
}
