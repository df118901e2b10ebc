import type { EnvironmentReport } from "../dbtPlugin.ts";
import type { FusionEnvironment } from "./fusionEnvironment.ts";

/** What the doctor shows of a project on the dbt v2 engine. */
export function engineReport(
  { found, config, env, problems }: FusionEnvironment,
  privateDir: string,
): EnvironmentReport {
  const { facts } = found;
  const { profile } = config;
  const lines: [string, string][] = [
    ["dbt v2 engine", facts ? `${facts.dbt} (${facts.distribution} ${facts.version})` : "none"],
    ["Found at", found.place ?? "nowhere"],
    ["It can", facts ? [...facts.features].join(", ") || "nothing beyond the commands" : "unknown"],
    ["Adapter", profile.adapterType ?? "unknown, as the profile is"],
    ["ADBC drivers", env["ADBC_DRIVER_PATH"] ?? "the system's, else downloaded by the engine"],
    [
      "Profile",
      `${profile.name ?? "unknown"}${profile.filePath === null ? "" : `, from ${profile.filePath}`}`,
    ],
    ["Target", profile.target ?? "unknown"],
    ["Private folder", privateDir],
  ];
  return {
    facts: lines.map(([label, value]) => ({ label, value })),
    searched: found.searched,
    problems,
    versions: facts ? { [facts.distribution]: facts.version, "dbt path": facts.dbt } : {},
  };
}
