/** A process that starts a guarded one which minds nothing, prints its id, and waits to be killed. */
import { RedactingLog } from "../../server/platform/log.ts";
import { runToEnd } from "../../server/platform/process.ts";

void runToEnd(
  {
    file: process.execPath,
    args: ["-e", "process.on('SIGINT', () => {}); setInterval(() => {}, 1000); console.log(process.pid)"],
    env: {},
  },
  {
    log: new RedactingLog(() => undefined),
    interruptible: true,
    guarded: true,
    onLine: (line) => process.stdout.write(`${line}\n`),
  },
);
