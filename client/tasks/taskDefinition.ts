import * as z from "zod";
import { runVerbs, type RunRequest } from "../../protocol/run.ts";
import { wholeProject } from "../runs/command.ts";

/** A task of tasks.json. Its properties are described to a person in package.json (scripts/manifest.mjs). */
export const taskDefinitionSchema = z.object({
  type: z.literal("floeDbt"),
  command: z.enum(runVerbs),
  select: z.string().optional(),
  exclude: z.string().optional(),
  fullRefresh: z.boolean().optional(),
  vars: z.string().optional(),
  flags: z.array(z.string()).optional(),
  /** Folder of the project, absolute or from the workspace folder; the only one, or that of the active file. */
  projectDir: z.string().optional(),
});
export type TaskDefinition = z.infer<typeof taskDefinitionSchema>;

/**
 * Reads what somebody wrote into tasks.json.
 * @throws an error for a person that says what does not fit
 */
export function readDefinition(value: unknown): TaskDefinition {
  const read = taskDefinitionSchema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new Error(`This task does not fit: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}

/** @param projectDir absolute path of the project's folder */
export function requestOf(definition: TaskDefinition, projectDir: string): RunRequest {
  const { command: verb, select, exclude, fullRefresh, vars, flags } = definition;
  return {
    projectDir,
    verb,
    ...(select === undefined ? { title: wholeProject } : { select }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(fullRefresh === undefined ? {} : { fullRefresh }),
    ...(vars === undefined ? {} : { vars }),
    ...(flags === undefined ? {} : { flags }),
  };
}
