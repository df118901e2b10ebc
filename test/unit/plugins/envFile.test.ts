import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { RedactingLog } from "../../../server/platform/log.ts";
import { dbtEnvironment } from "../../../server/plugins/local/envFile.ts";

const folder = mkdtempSync(path.join(tmpdir(), "floe-dbt-dotenv-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("adds what is not set, keeps what is, and hides secrets from the log", async () => {
  const file = path.join(folder, ".env");
  writeFileSync(
    file,
    "\uFEFFDBT_USER=ann\r\nSNOWFLAKE_PASSWORD='s3cr et!'\r\nTARGET=from file\r\n# note\r\n",
  );
  const lines: string[] = [];
  const log = new RedactingLog((_level, line) => lines.push(line));
  const env = await dbtEnvironment(file, { TARGET: "from shell" }, log);
  expect(env).toEqual({ DBT_USER: "ann", SNOWFLAKE_PASSWORD: "s3cr et!", TARGET: "from shell" });
  log.info("connecting with s3cr et! as ann");
  expect(lines).toEqual(["connecting with *** as ann"]);
});

test("a file that is not there changes nothing", async () => {
  const log = new RedactingLog(() => undefined);
  expect(await dbtEnvironment(path.join(folder, "none"), { A: "1" }, log)).toEqual({ A: "1" });
});
