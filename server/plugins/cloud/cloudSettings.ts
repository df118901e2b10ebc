import type { JobKind } from "../../../protocol/remote.ts";
import type { CloudConfig } from "../../config/manifestFile.ts";
import type { SecretReference } from "../../config/secretReference.ts";
import { DbtConfigurationError } from "../errors.ts";
import { cloudAddress, type CloudAddress } from "./cloudAddress.ts";
import type { CloudVerb } from "./stepCommand.ts";

/** What settings and manifest.yaml say of dbt Cloud for one project. */
export interface CloudSettings {
  /** manifest.yaml, plugins.dbt_runtime_config.cloud; undefined where there is none. */
  config: CloudConfig | undefined;
  /**
   * Which commit runs: the one the environment is at, or the checkout's, if a remote has it. A compile changes nothing, so it
   * always takes the checkout's where it can.
   */
  commit: "environment" | "head";
  /** Job somebody has picked for a command, in place of manifest.yaml's. */
  pickedJobs?: { [Kind in JobKind]?: string | undefined } | undefined;
  /** FLOE_DISABLE_CACHE or --no-cache. */
  noCache?: boolean;
}

export interface ResolvedCloud {
  config: CloudConfig;
  address: CloudAddress;
}

/** @throws DbtConfigurationError where manifest.yaml says nothing of dbt Cloud, or too little */
export function resolveCloud({ config }: CloudSettings): ResolvedCloud {
  if (!config) {
    throw new DbtConfigurationError(
      "manifest.yaml says nothing of dbt Cloud: plugins.dbt_runtime_config.cloud needs account_id, api_token_ref and base_url.",
    );
  }
  return { config, address: cloudAddress(config.baseUrl, config.accountId) };
}

/** The job a command runs in. @returns null where none is chosen */
export function jobFor(verb: CloudVerb, { config, pickedJobs }: CloudSettings): string | null {
  const of = (kind: "compile" | "run" | "test") => pickedJobs?.[kind] ?? config?.jobIds[kind] ?? null;
  if (verb === "test") return of("test") ?? of("run");
  if (verb === "compile") return of("compile") ?? of("run");
  return of("run");
}

/** floe's name of a secret in the environment: `dbt-cloud-api-token` is FLOE_SECRET_DBT_CLOUD_API_TOKEN, with `_KEY` after it. */
export function secretVariable({ name, key }: SecretReference): string {
  const part = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
  return `FLOE_SECRET_${part(name)}${key === null ? "" : `_${part(key)}`}`;
}

/** The token from the environment; null where there is none. */
export function tokenFromEnvironment(
  reference: SecretReference | null,
  env: NodeJS.ProcessEnv,
): string | null {
  if (reference === null) return null;
  const value = env[secretVariable(reference)]?.trim() ?? "";
  return value === "" ? null : value;
}
