import { spawn } from "node:child_process";
import { once } from "node:events";

const script = `
import duckdb, sys, time
for left in range(100, -1, -1):
    try:
        held = duckdb.connect(sys.argv[1])
        break
    except duckdb.IOException:
        if left == 0:
            raise
        time.sleep(0.05)
print("held", flush=True)
sys.stdin.read()
`;

/**
 * A process that has a DuckDB file open, as a database browser would; ended at the end of the scope.
 * @throws if another holds it for 5 seconds more
 */
export async function holdDuckDb(python: string, file: string): Promise<AsyncDisposable> {
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
