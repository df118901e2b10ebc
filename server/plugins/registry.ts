import type { RuntimeName } from "../../protocol/runtime.ts";
import { DbtConfigurationError } from "./errors.ts";
import type { DbtPlugin } from "./dbtPlugin.ts";

/** ADR-0043's plugin registry: `getPlugin("dbt", "local")`. A plugin is made on first use and kept. */
export interface PluginRegistry extends AsyncDisposable {
  readonly runtimes: readonly RuntimeName[];
  getPlugin(type: "dbt", runtime: RuntimeName): DbtPlugin;
}

export type PluginFactories = Partial<Record<RuntimeName, () => DbtPlugin>>;

export function createPluginRegistry(factories: PluginFactories): PluginRegistry {
  const made = new Map<RuntimeName, DbtPlugin>();
  const runtimes = Object.keys(factories) as RuntimeName[];
  return {
    runtimes,
    getPlugin(_type, runtime) {
      const existing = made.get(runtime);
      if (existing) return existing;
      const factory = factories[runtime];
      if (!factory) {
        throw new DbtConfigurationError(
          `This version of Floe dbt has no "${runtime}" environment. It has: ${runtimes.join(", ")}.`,
        );
      }
      const plugin = factory();
      made.set(runtime, plugin);
      return plugin;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...made.values()].map((plugin) => plugin[Symbol.asyncDispose]()));
      made.clear();
    },
  };
}
