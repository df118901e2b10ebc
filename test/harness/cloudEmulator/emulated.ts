/** What there is in the emulated dbt Cloud. Apart from it, for who only talks to it. */

export const emulatedAccount = 70403103900042;
export const emulatedProject = 70403103900101;
export const emulatedEnvironment = 70403103900201;
export const emulatedJobs = { nightly: 70403104191314, docs: 70403104191315 };
/** Looks like one, and is looked for wherever something is written. */
export const emulatedToken = "dbtc_EmulatedTokenThatMustNeverShowUpAnywhere0123";

/** manifest.yaml of a project whose dbt runs in the emulator. */
export const emulatedManifest = (url: string, pollSeconds: number): string => `plugins:
  dbt_runtime: cloud
  dbt_runtime_config:
    cloud:
      account_id: ${emulatedAccount}
      api_token_ref: dbt-cloud-api-token
      base_url: ${url}
      environment_id: ${emulatedEnvironment}
      job_ids: { run: ${emulatedJobs.nightly} }
      poll_interval_seconds: ${pollSeconds}
`;
