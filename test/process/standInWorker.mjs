// Speaks the worker's protocol as the tests tell it to: the path of a file to lint is the instruction.
import { createInterface } from "node:readline";

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const results = {
  initialize: { pid: process.pid, versions: { python: "3.11.7" }, capabilities: [], problems: [] },
  parse: { state: "ready" },
  status: { memoryBytes: 1000, state: "ready" },
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    if (method === "shutdown") process.exit(0);
    if (method === "cancel")
      return send({ id: params.id, error: { kind: "cancelled", message: "Cancelled." } });
    if (method !== "lint") return send({ id, result: results[method] });
    const [path] = params.paths;
    if (path === "die") process.kill(process.pid, "SIGKILL");
    else if (path === "hang") send({ id, event: "progress", done: 0, total: 1, label: "hang" });
    else if (path === "rubbish")
      process.stdout.write(
        "no JSON\n{}\n[1]\n" + JSON.stringify({ id, result: { linted: [path], skipped: [] } }) + "\n",
      );
    else if (path === "misfit") send({ id, result: { linted: "everything" } });
    else if (path === "refuse")
      send({ id, error: { kind: "lint", message: "No.", filePath: "/x.sql", line: 3 } });
    else send({ id, result: { linted: [path, String(process.pid)], skipped: [] } });
  })
  .on("close", () => process.exit(0));
