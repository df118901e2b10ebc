import type { CloudAddress } from "./cloudAddress.ts";
import type { CloudRun } from "./runs.ts";

/** Pages of dbt Cloud's own, for a person. */
export function runLink(
  { origin, accountId }: CloudAddress,
  run: Pick<CloudRun, "id"> & { project_id?: number | null | undefined },
): string {
  const project = run.project_id == null ? "" : `projects/${run.project_id}/`;
  return `${origin}/deploy/${accountId}/${project}runs/${run.id}`;
}

export function jobLink(
  { origin, accountId }: CloudAddress,
  jobId: string | number,
  projectId: number | null | undefined,
): string {
  const project = projectId == null ? "" : `projects/${projectId}/`;
  return `${origin}/deploy/${accountId}/${project}jobs/${jobId}`;
}
