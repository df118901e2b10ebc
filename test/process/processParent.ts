/** A process that starts one of ours, prints its id and ends without stopping it. */
import { startLineProcess } from "../../server/platform/process.ts";
import { RedactingLog } from "../../server/platform/log.ts";

const child = startLineProcess(
  { file: process.execPath, args: ["-e", "setInterval(() => {}, 1000); console.log('up')"], env: {} },
  {
    log: new RedactingLog(() => undefined),
    onLine: () => {
      process.stdout.write(`${String(child.pid)}\n`, () => process.exit(0));
    },
  },
);
