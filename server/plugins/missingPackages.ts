import type { Remedy } from "../../protocol/runtime.ts";

/** Whether dbt says that packages.yml or dependencies.yml names what is not installed. */
export const saysPackagesAreMissing = (message: string): boolean =>
  /Run "dbt deps"|package\(s\) specified in/.test(message);

/** An offer: packages are never installed unasked. */
export const installPackages = (projectDir: string): Remedy => ({
  title: "Install packages",
  command: "floeDbt.installPackages",
  arguments: [projectDir],
});
