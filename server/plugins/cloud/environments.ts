import * as z from "zod";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { cloudIdSchema } from "./runs.ts";

/** Environments of the Admin API, which only its version 3 has. */

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
