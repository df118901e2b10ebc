import { DbtError, DbtUnavailableError } from "../errors.ts";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { CloudUncertainError } from "./cloudErrors.ts";
import { jobLink } from "./cloudLinks.ts";
import { listRuns, postTrigger, type CloudRun, type TriggerBody } from "./runs.ts";

/** Seconds between the looks for a run whose trigger got no answer. */
const looks = [0, 1, 2, 4, 8, 16];

/**
 * Starts one run, exactly one. The trigger is sent once; where its answer is lost, the run that carries the marker in its
 * `cause` is the one it made. Where there is none after half a minute, none was made.
 *
 * @param call its signal stops waiting, never the looking whether there is a run
 * @throws DbtUnavailableError if no run was made, or that cannot be found out; the message says which
 */
export async function triggerOnce(
  client: CloudClient,
  jobId: string,
  marker: string,
  body: TriggerBody,
  call: CloudCall,
): Promise<CloudRun> {
  try {
    return await postTrigger(client, jobId, body, call);
  } catch (error) {
    if (!(error instanceof CloudUncertainError)) throw error;
    call.onNotice?.(`${error.message} Looking whether it has started the run all the same.`);
    return adopt(client, jobId, marker, error, call);
  }
}

async function adopt(
  client: CloudClient,
  jobId: string,
  marker: string,
  lost: CloudUncertainError,
  call: CloudCall,
): Promise<CloudRun> {
  const page = jobLink(client.address, jobId, null);
  const { signal, onNotice } = call;
  try {
    for (const seconds of looks) {
      // Somebody who has cancelled waits for us, and for the run to be found and cancelled.
      if (signal?.aborted && seconds > 2) break;
      await client.clock.sleep(seconds * 1000, signal);
      const run = await findByMarker(client, jobId, marker, { onNotice, hurried: signal?.aborted ?? false });
      if (!run) continue;
      onNotice?.(`dbt Cloud had started it: run ${run.id}.`);
      return run;
    }
  } catch (error) {
    if (!(error instanceof DbtError)) throw error;
    throw new DbtUnavailableError(
      `dbt Cloud gave no answer when it was asked to start a run, and whether it did cannot be seen: ${error.message} Look at ${page} before you start another.`,
      { cause: error },
    );
  }
  throw new DbtUnavailableError(`${lost.message} No run was started: ${page} has none of this request.`, {
    cause: lost,
  });
}

/** The run of a trigger, among the newest of its job. */
export async function findByMarker(
  client: CloudClient,
  jobId: string,
  marker: string,
  call: CloudCall,
): Promise<CloudRun | null> {
  const runs = await listRuns(client, { jobId, limit: 20 }, call);
  return runs.find(({ trigger }) => trigger?.cause?.includes(marker)) ?? null;
}
