import { spawn } from "node:child_process";
import { once } from "node:events";

/** A process that has a DuckDB file open, as a database browser would; ended at the end of the scope. */
export async function holdDuckDb(python: string, file: string): Promise<AsyncDisposable> {
  const script =
    "import duckdb, sys\nheld = duckdb.connect(sys.argv[1])\nprint('held', flush=True)\nsys.stdin.read()\n";
  const child = spawn(python, ["-c", script, file], { stdio: ["pipe", "pipe", "inherit"] });
  const refused = once(child, "exit").then(() =>
    Promise.reject(new Error(`${file} is held by another process.`)),
  );
  refused.catch(() => undefined);
  await Promise.race([once(child.stdout, "data"), refused]);
  return {
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
    },
  };
}
