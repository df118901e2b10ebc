// Child processes for scripts that run before node_modules exists: Node built-ins only, in a syntax Node 20 reads.
import { spawn } from "node:child_process";

/**
 * Runs a command to its end. Its output is kept, and shown only if it fails.
 * @returns what it printed on stdout
 * @throws Error with the last lines of its output
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const stdout = [];
  const all = [];
  child.stdout?.on("data", (chunk) => (stdout.push(chunk), all.push(chunk)));
  child.stderr?.on("data", (chunk) => all.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit, signal) => resolve(exit ?? signal));
  });
  if (code !== 0) {
    const tail = Buffer.concat(all).toString().trimEnd().split("\n").slice(-20).join("\n");
    throw new Error(`${[command, ...args].join(" ")} ended with ${code}\n${tail}`);
  }
  return Buffer.concat(stdout).toString();
}

/** Runs a command with this terminal as its own. @returns its exit code */
export async function runVisibly(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** npm, which is a .cmd on Windows unless npm itself says where its own script is. */
export function runNpm(args, options = {}) {
  const script = process.env.npm_execpath;
  if (script?.endsWith(".js")) return run(process.execPath, [script, ...args], options);
  return process.platform === "win32"
    ? run("npm.cmd", args, { ...options, shell: true })
    : run("npm", args, options);
}
