import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";
import { testPython, workerDir } from "../harness/environment.ts";

const script = `
import io, json, os, sys
sys.path.insert(0, sys.argv[1])
from floe_dbt_worker.loop import Loop
from floe_dbt_worker.protocol import Channel

read_end, write_end = os.pipe()

class Handler:
    def urgency(self, method, params): return 0
    def start(self, job):
        return {"answered": True}
        yield
    def answered(self): os.close(write_end)
    def notify(self, method, params): pass
    def disturb(self): pass
    def cancelled(self, job): pass
    def stop(self): pass
    def idle(self):
        os.write(write_end, json.dumps({"id": 1, "method": "ask"}).encode() + b"\\n")
        raise ValueError("broken configuration")

Loop(Channel(1), os.fdopen(read_end, "rb")).run(Handler())
`;

test("a failure of work nobody asked for ends nothing: it is logged, and the next request is answered", () => {
  const printed = execFileSync(testPython(), ["-c", script, path.resolve(workerDir)], { encoding: "utf8" });
  const lines = printed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id?: number; result?: unknown; message?: string });
  expect(lines).toContainEqual({ id: 1, result: { answered: true } });
  expect(lines.some(({ message }) => message?.includes("broken configuration"))).toBe(true);
});
