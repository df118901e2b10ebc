import * as z from "zod";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { cloudIdSchema } from "./runs.ts";

/** `/jobs/` of the Admin API. */

export const jobSchema = z.object({
  id: cloudIdSchema,
  name: z.string().nullish(),
  project_id: cloudIdSchema.nullish(),
  environment_id: cloudIdSchema.nullish(),
  execute_steps: z.array(z.string()).nullish(),
  generate_docs: z.boolean().nullish(),
  job_type: z.string().nullish(),
  dbt_version: z.string().nullish(),
  description: z.string().nullish(),
});
export type CloudJob = z.output<typeof jobSchema>;

export async function getJob(client: CloudClient, id: string, call: CloudCall): Promise<CloudJob> {
  return (await client.get(jobSchema, `v2:jobs/${id}/`, {}, call)).data;
}

const pageSize = 100;
const mostPages = 20;

/** Every job, page by page: an empty page is the end, whatever the count says, as rows may go while we read. */
export async function listJobs(
  client: CloudClient,
  filter: { projectId?: string; environmentId?: string },
  call: CloudCall,
): Promise<CloudJob[]> {
  const jobs: CloudJob[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const { data, total } = await client.get(
      z.array(jobSchema).nullable(),
      "v2:jobs/",
      {
        project_id: filter.projectId,
        environment_id: filter.environmentId,
        limit: pageSize,
        offset: page * pageSize,
        order_by: "id",
      },
      call,
    );
    jobs.push(...(data ?? []));
    const isLast =
      (data ?? []).length === 0 || (total === null ? (data ?? []).length < pageSize : jobs.length >= total);
    if (isLast) break;
  }
  return jobs;
}
