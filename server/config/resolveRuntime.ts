import type { RuntimeName } from "../../protocol/runtime.ts";

export interface ResolvedRuntime {
  /** null: nobody says which, so whatever is installed for the project is taken. */
  runtime: RuntimeName | null;
  /** Who says so, for a person: "setting floeDbt.runtime", "manifest.yaml, line 4". */
  reason: string;
}

/** The first that speaks: the setting, then manifest.yaml, then what is installed. */
export function resolveRuntime(sources: {
  setting: RuntimeName | "auto";
  /** `place` is the file and line for a person. */
  manifest: { runtime: RuntimeName; place: string } | null;
}): ResolvedRuntime {
  if (sources.setting !== "auto") return { runtime: sources.setting, reason: "setting floeDbt.runtime" };
  if (sources.manifest) return { runtime: sources.manifest.runtime, reason: sources.manifest.place };
  return { runtime: null, reason: "neither floeDbt.runtime nor a manifest.yaml names one" };
}
