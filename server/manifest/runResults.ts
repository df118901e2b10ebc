import * as z from "zod";
import { type NodeStatus, nodeStatus } from "../../protocol/run.ts";
import { withoutColours } from "../platform/terminalText.ts";
import { visitJsonEntries } from "./jsonEntries.ts";

/** How a node did the last time it ran. */
export interface RunFacts {
  id: string;
  status: NodeStatus;
  seconds: number | null;
  message: string | null;
  /** Milliseconds since the epoch. */
  at: number | null;
  /** Not here, but in the environment that runs elsewhere. */
  inEnvironment?: true;
}

const optionalText = z.string().nullish().catch(null);
const resultSchema = z.object({
  unique_id: z.string(),
  status: z.string().catch("error"),
  execution_time: z.number().nullish().catch(null),
  message: optionalText,
  timing: z.array(z.object({ completed_at: optionalText })).catch([]),
});
const metadataSchema = z.object({ generated_at: optionalText });
const argsSchema = z.object({ which: optionalText });

/** Commands that leave a run_results.json in which every node "succeeded" without having run. */
const notRuns = new Set(["compile", "parse", "list", "ls", "docs", "generate", "show"]);

/**
 * How the nodes of a run_results.json did; nothing where the command was none that runs nodes. Synchronous: for a thread.
 * @throws JsonDamage, or what the file system says
 */
export function readRunResults(filePath: string): RunFacts[] {
  let finishedAt: number | null = null;
  let isRun = true;
  const results: RunFacts[] = [];
  visitJsonEntries(filePath, {
    wants: (section) =>
      section === "results" ? "entries" : section === "metadata" || section === "args" ? "whole" : null,
    entry(section, _key, value) {
      if (section === "metadata") {
        finishedAt = time(metadataSchema.safeParse(value).data?.generated_at);
      } else if (section === "args") {
        isRun = !notRuns.has(argsSchema.safeParse(value).data?.which ?? "");
      } else {
        const result = resultSchema.safeParse(value).data;
        if (!result) return;
        results.push({
          id: result.unique_id,
          status: nodeStatus(result.status),
          seconds: result.execution_time ?? null,
          message: result.message == null ? null : withoutColours(result.message),
          at: time(result.timing.at(-1)?.completed_at),
        });
      }
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the visitor sets it
  return isRun ? results.map((result) => ({ ...result, at: result.at ?? finishedAt })) : [];
}

function time(text: string | null | undefined): number | null {
  const milliseconds = Date.parse(text ?? "");
  return Number.isNaN(milliseconds) ? null : milliseconds;
}
