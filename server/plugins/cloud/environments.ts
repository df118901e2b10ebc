import * as z from "zod";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { CloudNotFoundError } from "./cloudErrors.ts";
import { cloudIdSchema } from "./runs.ts";

/** Projects and environments of the Admin API, which only its version 3 has. */

const projectSchema = z.object({ id: cloudIdSchema, name: z.string().nullish() });
export type CloudProject = z.output<typeof projectSchema>;

const environmentSchema = z.object({
  id: cloudIdSchema,
  name: z.string().nullish(),
  project_id: cloudIdSchema.nullish(),
  type: z.string().nullish(),
  deployment_type: z.string().nullish(),
  dbt_version: z.string().nullish(),
  use_custom_branch: z.boolean().nullish(),
  custom_branch: z.string().nullish(),
});
export type CloudEnvironment = z.output<typeof environmentSchema>;

export async function listProjects(client: CloudClient, call: CloudCall): Promise<CloudProject[]> {
  const { data } = await client.get(z.array(projectSchema).nullable(), "v3:projects/", { limit: 100 }, call);
  return data ?? [];
}

export async function listEnvironments(
  client: CloudClient,
  projectId: string,
  call: CloudCall,
): Promise<CloudEnvironment[]> {
  const { data } = await client.get(
    z.array(environmentSchema).nullable(),
    `v3:projects/${projectId}/environments/`,
    { limit: 100 },
    call,
  );
  return data ?? [];
}

/** @returns null where there is none of that number, or the token may not see it */
export async function getEnvironment(
  client: CloudClient,
  projectId: string,
  id: string,
  call: CloudCall,
): Promise<CloudEnvironment | null> {
  try {
    return (await client.get(environmentSchema, `v3:projects/${projectId}/environments/${id}/`, {}, call))
      .data;
  } catch (error) {
    if (error instanceof CloudNotFoundError) return null;
    throw error;
  }
}
