import type { RuntimeName } from "../../protocol/runtime.ts";
import type { ProjectRef } from "./dbtPlugin.ts";
import type { PluginRegistry } from "./registry.ts";

/**
 * What is installed for a project nobody chose a runtime for: dbt-core in its Python environment, else a dbt v2 engine;
 * where there is neither, `local`, whose status says what to do.
 */
export async function automaticRuntime(registry: PluginRegistry, project: ProjectRef): Promise<RuntimeName> {
  for (const runtime of ["local", "fusion"] as const) {
    if (!registry.runtimes.includes(runtime)) continue;
    const { dbtVersion } = await registry.getPlugin("dbt", runtime).getRuntimeMetadata(project);
    const major = Number.parseInt(dbtVersion ?? "", 10);
    // A Python environment that holds the v2 engine has a dbt-core 2, which dbt-core's plugin cannot run.
    if (Number.isInteger(major) && (runtime === "fusion" ? major >= 2 : major < 2)) return runtime;
  }
  return "local";
}
