import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";

const answerSchema = z.object({
  /** Measured inside the process, so that the way there and back costs the baseline nothing. */
  seconds: z.number(),
  messages: z.array(z.string()),
  stages: z.record(z.string(), z.number()).optional(),
});
export type LoopAnswer = z.infer<typeof answerSchema>;

export interface PythonLoop extends AsyncDisposable {
  readonly pid: number;
  ask(request: { path: string; text: string; how?: "text" | "jinja" | "file" }): Promise<LoopAnswer>;
}

/** Keeps one of test/bench/python/*.py running in `cwd`. Its last words are in the error when it ends too early. */
export function startPythonLoop(
  python: string,
  script: string,
  cwd: string,
  env: Record<string, string> = {},
): PythonLoop {
  const file = path.join(import.meta.dirname, "python", script);
  const child = spawn(python, [file], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-4000)));
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`${script} ended with ${code ?? "a signal"}: ${words}`));
    });
  });
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const line = await Promise.race([lines.next(), ended]);
      if (line.done === true) return ended;
      return answerSchema.parse(JSON.parse(line.value));
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended.catch(() => undefined);
    },
  };
}
