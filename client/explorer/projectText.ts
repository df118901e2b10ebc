import type { ManifestInfo } from "../../protocol/manifest.ts";
import type { ProjectStatus } from "../../protocol/runtime.ts";
import { age } from "./age.ts";

/** What the row of a project says; the tooltip is lines of plain text. */
export interface ProjectText {
  description: string;
  tooltip: string[];
  icon: string;
  label: string;
}

const origins: Record<NonNullable<ManifestInfo["origin"]>, string> = {
  target: "as dbt left it in the target folder",
  live: "kept current by Floe dbt",
  environment: "of the deployed environment",
};

/**
 * @param status of the same project, where the server has told it
 * @param now milliseconds since the epoch
 */
export function projectText(
  manifest: ManifestInfo,
  status: ProjectStatus | undefined,
  now: number,
): ProjectText {
  const where = [status?.target ?? null, status?.runtime ?? null].filter((part) => part !== null);
  const state = manifestState(manifest, now);
  const description = [...where, state].join(" · ");
  return {
    description,
    tooltip: [
      ...(status?.target == null ? [] : [`Target: ${status.target}`]),
      ...(status?.runtime == null
        ? []
        : [
            `Environment: ${status.runtime}${status.runtimeReason === "" ? "" : ` (${status.runtimeReason})`}`,
          ]),
      `Manifest: ${manifestSentence(manifest, now)}`,
      ...(manifest.message === null ? [] : [manifest.message]),
      manifest.projectDir,
    ],
    icon: icons[manifest.state],
    label: `dbt project ${manifest.projectName}, ${description}`,
  };
}

const icons: Record<ManifestInfo["state"], string> = {
  none: "circle-outline",
  loading: "sync~spin",
  ready: "project",
  broken: "error",
};

function manifestState(manifest: ManifestInfo, now: number): string {
  switch (manifest.state) {
    case "none":
      return "no manifest yet";
    case "loading":
      return "reading the manifest";
    case "broken":
      return "manifest unreadable";
    case "ready": {
      const made = manifest.generatedAt === null ? "age unknown" : age(manifest.generatedAt, now);
      return manifest.stale ? `stale, ${made}` : made;
    }
  }
}

function manifestSentence(manifest: ManifestInfo, now: number): string {
  if (manifest.state !== "ready") return manifestState(manifest, now);
  return [
    ...(manifest.origin === null ? [] : [origins[manifest.origin]]),
    ...(manifest.generatedAt === null ? [] : [`made ${age(manifest.generatedAt, now)}`]),
    ...(manifest.dbtVersion === null ? [] : [`by dbt ${manifest.dbtVersion}`]),
    ...(manifest.stale ? ["files of the project are newer: compile it to bring it up to date"] : []),
  ].join(", ");
}
