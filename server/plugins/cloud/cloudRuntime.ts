import type { TriggerQuestion } from "../../../protocol/remote.ts";
import type { CloudConfig } from "../../config/manifestFile.ts";
import { systemClock } from "../../platform/clock.ts";
import { createHttp } from "../../platform/http.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { DbtPlugin } from "../dbtPlugin.ts";
import { Choices } from "./choices.ts";
import { createCloudPlugin } from "./cloudPlugin.ts";
import { CoolDowns } from "./coolDown.ts";
import type { ReadManifest } from "./nodeNames.ts";
import { Tokens } from "./tokens.ts";

export interface CloudRuntimeDeps {
  log: RedactingLog;
  env: NodeJS.ProcessEnv;
  storageDir: string;
  version: string;
  readManifest: ReadManifest;
  /** manifest.yaml's section, and what settings say; asked again for every command. */
  configOf: (projectDir: string) => {
    config: CloudConfig | undefined;
    commit: "environment" | "head";
    /** When a person is asked before something is started there. */
    ask: "first" | "always" | "never";
    noCache?: boolean;
  };
  /** The client's keeper of secrets. */
  askSecret?: (key: string) => Promise<string | null>;
  /** @returns the job to run in; null for no */
  confirm?: (question: TriggerQuestion) => Promise<string | null>;
  linter?: DbtPlugin;
}

/** dbt Cloud with all it needs in this process: one HTTP, one cool-down for each account, tokens in memory. */
export function createCloudRuntime(deps: CloudRuntimeDeps): DbtPlugin {
  const { log, env, storageDir } = deps;
  const http = createHttp({ log, env, userAgent: `floe-dbt/${deps.version}` });
  const tokens = new Tokens({ env, log, ask: deps.askSecret });
  const choices = new Choices(storageDir);
  const { confirm } = deps;
  const plugin = createCloudPlugin({
    log,
    env,
    storageDir,
    http,
    readManifest: deps.readManifest,
    coolDowns: new CoolDowns(systemClock),
    settingsOf: async (projectDir) => {
      const { config, commit, noCache = false } = deps.configOf(projectDir);
      const { jobs } = await choices.of(projectDir);
      const settings = { config, commit, noCache, pickedJobs: jobs };
      await tokens.load(settings);
      return settings;
    },
    tokenOf: (settings) => tokens.of(settings),
    keepToken: (settings, token) => (token === null ? tokens.forget(settings) : tokens.keep(settings, token)),
    chooseJob: (projectDir, kind, jobId) => choices.chooseJob(projectDir, kind, jobId),
    ...(confirm && {
      async confirm(question) {
        const { projectDir, job, verb } = question;
        const { ask } = deps.configOf(projectDir);
        const agreed = ask === "never" || (ask === "first" && (await choices.of(projectDir)).agreed === true);
        if (job && agreed) return job.id;
        const jobId = await confirm(question);
        if (jobId === null) return null;
        await choices.agree(projectDir);
        const kind = verb === "compile" || verb === "test" ? verb : "run";
        if (job === null) await choices.chooseJob(projectDir, kind, jobId);
        return jobId;
      },
    }),
    ...(deps.linter && { linter: deps.linter }),
  });
  return {
    ...plugin,
    async [Symbol.asyncDispose]() {
      await plugin[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
    },
  };
}
