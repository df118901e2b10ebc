import { execFile } from "node:child_process";
import path from "node:path";

/** A console script beside the interpreter of a virtual environment. */
export const scriptBeside = (python: string, name: string): string =>
  path.join(path.dirname(python), process.platform === "win32" ? `${name}.exe` : name);

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  milliseconds: number;
}

/**
 * Runs a command to its end and times it from start to exit. Exit 1 is "there are issues".
 * @throws Error with its last words if it exits with more than 1, or is ended
 */
export function run(
  command: string,
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ran> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      const milliseconds = performance.now() - started;
      const code = error ? error.code : 0;
      if (code === 0 || code === 1) resolve({ code, stdout, stderr, milliseconds });
      else
        reject(
          new Error(
            `${command} ${args.join(" ")} ended with ${code ?? "a signal"}: ${(stdout + stderr).slice(-2000)}`,
          ),
        );
    });
  });
}
