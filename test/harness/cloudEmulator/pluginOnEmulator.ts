import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CloudConfig } from "../../../server/config/manifestFile.ts";
import type { Clock } from "../../../server/platform/clock.ts";
import { readManifestHere } from "../../../server/manifest/readManifest.ts";
import { createHttp } from "../../../server/platform/http.ts";
import { RedactingLog } from "../../../server/platform/log.ts";
import { createCloudPlugin, type CloudPluginDeps } from "../../../server/plugins/cloud/cloudPlugin.ts";
import { CoolDowns } from "../../../server/plugins/cloud/coolDown.ts";
import type { DbtEvent, DbtPlugin } from "../../../server/plugins/dbtPlugin.ts";
import { emulatedAccount, emulatedEnvironment, emulatedJobs, emulatedToken } from "./emulated.ts";
import type { CloudEmulator } from "./emulator.ts";

export interface CloudPluginUnderTest extends AsyncDisposable {
  plugin: DbtPlugin;
  /** Everything that was logged, redacted as in production. */
  logged: string[];
  storageDir: string;
  events: DbtEvent[];
  notices(): string[];
  call(signal?: AbortSignal): { onEvent: (event: DbtEvent) => void; signal?: AbortSignal };
}

export const emulatedConfig = (url: string): CloudConfig => ({
  accountId: String(emulatedAccount),
  apiToken: { source: null, name: "dbt-cloud-api-token", key: null },
  baseUrl: `${url}/api/v2`,
  discoveryUrl: null,
  environmentId: String(emulatedEnvironment),
  jobIds: { compile: String(emulatedJobs.nightly), run: String(emulatedJobs.nightly), test: null },
  pollIntervalSeconds: 5,
  timeoutSeconds: 3600,
});

/** A plugin that talks to the emulator, as the server would make it. */
export function cloudPluginOn(
  emulator: Pick<CloudEmulator, "url"> | Promise<CloudEmulator>,
  options: Partial<CloudPluginDeps> & {
    clock: Clock;
    config?: Partial<CloudConfig>;
    token?: () => string | null;
    commit?: "environment" | "head";
    noCache?: boolean;
    beforeSettings?: (projectDir: string) => Promise<void>;
  },
): CloudPluginUnderTest {
  const { clock, config, token, commit = "environment", noCache = false, beforeSettings, ...deps } = options;
  const logged: string[] = [];
  const log = new RedactingLog((level, message) => logged.push(`${level}: ${message}`));
  const storageDir = deps.storageDir ?? mkdtempSync(path.join(tmpdir(), "floe-dbt-storage-"));
  const events: DbtEvent[] = [];
  const env = { PATH: process.env["PATH"], HOME: storageDir };
  const http = deps.http ?? createHttp({ log, env, userAgent: "floe-dbt/test" });
  const plugin = createCloudPlugin({
    log,
    env,
    http,
    coolDowns: new CoolDowns(clock),
    // A thread for each would be half of a fault's time.
    readManifest: readManifestHere,
    clock,
    tokenOf: token ?? (() => emulatedToken),
    settingsOf: async (projectDir) => {
      await beforeSettings?.(projectDir);
      return { config: { ...emulatedConfig((await emulator).url), ...config }, commit, noCache };
    },
    requestSeconds: 20,
    downloadSeconds: 30,
    ...deps,
    storageDir,
  });
  return {
    plugin,
    logged,
    storageDir,
    events,
    notices: () => events.flatMap((event) => (event.type === "notice" ? [event.message] : [])),
    call: (signal) => ({ onEvent: (event) => events.push(event), ...(signal && { signal }) }),
    async [Symbol.asyncDispose]() {
      await plugin[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
      if (deps.storageDir === undefined) rmSync(storageDir, { recursive: true, force: true });
    },
  };
}
