import type { Remedy } from "../../protocol/runtime.ts";

const sentences: Record<string, string> = {
  "floeDbt.setUpEnvironment": "Install what is needed with pip, or name another Python with --python.",
  "floeDbt.installPackages": "Install them with: floe-dbt deps.",
  "floeDbt.selectTarget": "Choose another target with --target.",
};

/** What an action of the editor is in a terminal; undefined where the message itself says it. */
export const whatToDo = (remedy: Remedy | undefined): string | undefined => sentences[remedy?.command ?? ""];
