import { dbtCapabilities, type DbtCapability } from "../../protocol/capabilities.ts";
import type { DbtPlugin } from "./dbtPlugin.ts";

type OptionalVerb = {
  [Each in DbtCapability & keyof DbtPlugin]: undefined extends DbtPlugin[Each] ? Each : never;
}[DbtCapability & keyof DbtPlugin];
/** What a plugin has to say of itself: having an optional verb of the contract does not tell it. */
export type Trait = Exclude<DbtCapability, OptionalVerb>;

/** Completes a plugin with what it can do: each optional verb that it has, and `traits`. */
export function withCapabilities(
  plugin: Omit<DbtPlugin, "capabilities">,
  traits: readonly Trait[],
): DbtPlugin {
  // Each of them has fixText, even where no linter is there to answer.
  const verbs = dbtCapabilities.filter((each) => each !== "fixText" && each in plugin);
  return { ...plugin, capabilities: new Set<DbtCapability>([...verbs, ...traits]) };
}
