/**
 * Ends processes when this one is killed and cannot do it itself: a program that does not watch its stdin would go on
 * without us. One small process for all of them, started with the first; it ends with us.
 */
export interface Guardian {
  watch(pid: number): void;
  release(pid: number): void;
}

/** What the guardian runs: it is told "+pid" and "-pid", and the end of its stdin is our end. */
export const guardianScript = `
const pids = new Set();
let rest = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  const lines = (rest + text).split("\\n");
  rest = lines.pop();
  for (const line of lines) {
    const pid = Number(line.slice(1));
    if (line[0] === "+") pids.add(pid);
    else pids.delete(pid);
  }
});
const end = () => {
  for (const pid of pids) {
    try {
      if (process.platform === "win32") require("child_process").execFileSync("taskkill", ["/PID", String(pid), "/T", "/F"]);
      else process.kill(-pid, "SIGKILL");
    } catch {}
  }
  process.exit(0);
};
process.stdin.on("end", end).on("error", end);
process.on("SIGINT", () => {}).on("SIGTERM", () => {});
`;
