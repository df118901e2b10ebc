import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Processes whose working folder is `folder`, each as "pid arguments". None are seen where the system is not Linux. */
export function processesIn(folder: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || readlinkSync(`/proc/${pid}/cwd`) !== folder) return [];
      return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()}`;
    } catch {
      return []; // it has ended
    }
  });
}
