import path from "node:path";
import type * as z from "zod";
import { runtimeNames, type RuntimeName } from "../../protocol/runtime.ts";
import type { ConfigProblem } from "./configProblem.ts";
import { resolveProgramPath, type SettingPathContext } from "./expandSettingPath.ts";
import {
  cloudConfigSchema,
  fusionConfigSchema,
  localConfigSchema,
  manifestSchema,
} from "./manifestSchema.ts";
import { problemAt, problemAtKey } from "./problemAt.ts";
import { checkValue, isRecord, unknownKeys } from "./schemaProblems.ts";
import { secretReference, type SecretReference } from "./secretReference.ts";
import type { YamlFile } from "./yamlFile.ts";
import type { YamlPath } from "./yamlNodes.ts";

export interface LocalConfig {
  /** Absolute path, or a bare name for PATH. */
  python: string | null;
  /** As written: "1.10" stays "1.10". */
  dbtVersion: string | null;
  pythonVersion: string | null;
}

export interface FusionConfig {
  /** Absolute path, or a bare name for PATH. */
  path: string | null;
  version: string | null;
}

export interface CloudConfig {
  accountId: string | null;
  apiToken: SecretReference | null;
  /** As written, with or without /api/v2; null is dbt Cloud's own. */
  baseUrl: string | null;
  /** Where the Discovery API is, if not where `baseUrl` lets expect it. */
  discoveryUrl: string | null;
  environmentId: string | null;
  jobIds: { compile: string | null; run: string | null; test: string | null };
  pollIntervalSeconds: number;
  timeoutSeconds: number;
}

export interface RuntimeConfig {
  local?: LocalConfig;
  fusion?: FusionConfig;
  cloud?: CloudConfig;
}

export interface ManifestFile {
  /** What the file chooses, and the key that says so; null where it says nothing that is allowed. */
  chosen: { runtime: RuntimeName; at: YamlPath } | null;
  runtimeConfig: RuntimeConfig;
  problems: ConfigProblem[];
}

/** Other tools have a manifest.yaml, too: this one is floe's if it says so or has a key for dbt among its plugins. */
export function isFloeManifest(file: YamlFile): boolean {
  if (isRecord(file.value)) {
    const { apiVersion, plugins } = file.value;
    if (typeof apiVersion === "string" && apiVersion.startsWith("floe")) return true;
    if (isRecord(plugins)) return Object.keys(plugins).some((key) => /^dbt(_|$)/.test(key));
  }
  return file.broken && /^plugins\s*:/m.test(file.text) && /^\s+dbt(_\w+)?\s*:/m.test(file.text);
}

/** Reads both forms: `plugins.dbt_runtime` with `dbt_runtime_config`, and `plugins.dbt: {type, config}`. */
export function readManifest(file: YamlFile, context: SettingPathContext): ManifestFile {
  const checked = checkValue(manifestSchema, file, [], file.value ?? {});
  const problems = [...file.problems, ...checked.problems];
  const plugins = checked.value?.plugins ?? {};
  const byName = plugins.dbt_runtime ?? null;
  const byPlugin = plugins.dbt ?? null;
  const typeName = byPlugin === null ? null : byPlugin.type === "core" ? "local" : byPlugin.type;

  const raw = isRecord(file.value) && isRecord(file.value["plugins"]) ? file.value["plugins"] : {};
  const dbtKeys = Object.fromEntries(Object.entries(raw).filter(([key]) => key.startsWith("dbt_")));
  problems.push(...unknownKeys(file, ["plugins"], dbtKeys, ["dbt_runtime", "dbt_runtime_config"]));
  if (byName !== null && typeName !== null && byName !== typeName) {
    problems.push(
      problemAt(
        file,
        ["plugins", "dbt", "type"],
        "conflicting-runtime",
        `"dbt_runtime" chooses ${byName} and this ${typeName}. "dbt_runtime" counts; remove one of them.`,
        "warning",
      ),
    );
  }

  const build = configBuilder(file, context);
  const sections = plugins.dbt_runtime_config ?? {};
  const runtimeConfig: RuntimeConfig = {};
  const at = ["plugins", "dbt_runtime_config"];
  problems.push(
    ...unknownKeys(file, at, raw["dbt_runtime_config"], runtimeNames),
    ...unknownSectionKeys(file, raw),
  );
  if (sections.local) runtimeConfig.local = build.local(sections.local, [...at, "local"]);
  if (sections.fusion) runtimeConfig.fusion = build.fusion(sections.fusion, [...at, "fusion"]);
  if (sections.cloud) runtimeConfig.cloud = build.cloud(sections.cloud);
  if (byPlugin?.config) {
    const inPlugin = ["plugins", "dbt", "config"];
    if (byPlugin.type === "cloud") runtimeConfig.cloud ??= build.cloud(byPlugin.config);
    else if (byPlugin.type === "fusion") runtimeConfig.fusion ??= build.fusion(byPlugin.config, inPlugin);
    else runtimeConfig.local ??= build.local(byPlugin.config, inPlugin);
  }

  const chosen =
    byName !== null
      ? { runtime: byName, at: ["plugins", "dbt_runtime"] }
      : typeName !== null
        ? { runtime: typeName, at: ["plugins", "dbt", "type"] }
        : null;
  // Much of what looks wrong in a file that does not parse is there only because it does not.
  return { chosen, runtimeConfig, problems: file.broken ? file.problems : problems };
}

/** Turns checked sections into what the plugins are given. */
function configBuilder(file: YamlFile, context: SettingPathContext) {
  const program = (value: string | null | undefined) =>
    value ? resolveProgramPath(value, path.dirname(file.filePath), context) : null;
  const asWritten = (value: string | number | null | undefined, at: YamlPath) =>
    value == null ? null : typeof value === "string" ? value : (file.sourceOf(at) ?? String(value));
  const text = (value: string | number | null | undefined) => (value == null ? null : String(value));
  return {
    local: (section: z.output<typeof localConfigSchema>, at: YamlPath): LocalConfig => ({
      python: program(section.python),
      dbtVersion: asWritten(section.dbt_version, [...at, "dbt_version"]),
      pythonVersion: asWritten(section.python_version, [...at, "python_version"]),
    }),
    fusion: (section: z.output<typeof fusionConfigSchema>, at: YamlPath): FusionConfig => ({
      path: program(section.path),
      version: asWritten(section.version, [...at, "version"]),
    }),
    cloud: (section: z.output<typeof cloudConfigSchema>): CloudConfig => ({
      accountId: text(section.account_id),
      apiToken: section.api_token_ref ? secretReference(section.api_token_ref) : null,
      baseUrl: section.base_url ?? null,
      discoveryUrl: section.discovery_url ?? null,
      environmentId: text(section.environment_id),
      jobIds: {
        compile: text(section.job_ids?.compile),
        run: text(section.job_ids?.run),
        test: text(section.job_ids?.test),
      },
      pollIntervalSeconds: section.poll_interval_seconds ?? 5,
      timeoutSeconds: section.timeout_seconds ?? 3600,
    }),
  };
}

const sectionKeys: Record<RuntimeName, readonly string[]> = {
  local: Object.keys(localConfigSchema.shape),
  fusion: Object.keys(fusionConfigSchema.shape),
  cloud: Object.keys(cloudConfigSchema.shape),
};

function unknownSectionKeys(file: YamlFile, plugins: Record<string, unknown>): ConfigProblem[] {
  const sections = isRecord(plugins["dbt_runtime_config"]) ? plugins["dbt_runtime_config"] : {};
  const inSections = runtimeNames.flatMap((name) =>
    unknownKeys(file, ["plugins", "dbt_runtime_config", name], sections[name], sectionKeys[name]),
  );
  const plugin = isRecord(plugins["dbt"]) ? plugins["dbt"] : {};
  const type = plugin["type"] === "core" ? "local" : runtimeNames.find((name) => name === plugin["type"]);
  if (!type) return inSections;
  return [
    ...inSections,
    ...unknownKeys(file, ["plugins", "dbt", "config"], plugin["config"], sectionKeys[type]),
  ];
}

/** What a runtime cannot do without, asked for only where that runtime is the one in use. */
export function missingForRuntime(
  file: YamlFile,
  runtime: RuntimeName,
  { runtimeConfig, chosen }: ManifestFile,
): ConfigProblem[] {
  if (runtime !== "cloud" || file.broken) return [];
  const inPlugin = chosen?.at[1] === "dbt" && runtimeConfig.cloud !== undefined;
  const at = inPlugin ? ["plugins", "dbt", "config"] : ["plugins", "dbt_runtime_config", "cloud"];
  const section = valueOf(file.value, at);
  const missing = ["account_id", "api_token_ref"].filter((key) => !isRecord(section) || section[key] == null);
  if (missing.length === 0) return [];
  const message = `The cloud runtime needs ${missing.map((key) => `"${key}"`).join(" and ")} in ${at.join(".")}.`;
  return [problemAtKey(file, runtimeConfig.cloud ? at : (chosen?.at ?? at), "missing-key", message)];
}

function valueOf(value: unknown, at: readonly string[]): unknown {
  return at.reduce<unknown>((parent, key) => (isRecord(parent) ? parent[key] : undefined), value);
}
