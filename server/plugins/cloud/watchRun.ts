import { DbtCancelledError, DbtExecutionError } from "../errors.ts";
import { CloudNotFoundError } from "./cloudErrors.ts";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { runLink } from "./cloudLinks.ts";
import { getRun, hasEnded, postCancel, runState, type CloudRun } from "./runs.ts";

/** Seconds for which dbt Cloud may not show a run yet that it has just made. */
export const unseenSeconds = 30;

export interface Watch {
  /** As triggered or found. */
  run: CloudRun;
  pollSeconds: number;
  /** Seconds the run may take from `since` on. */
  timeoutSeconds: number;
  /** Milliseconds since the epoch: when it was triggered. */
  since: number;
  /** After every look. */
  onRun: (run: CloudRun) => void;
}

/**
 * Looks at a run until it has ended, less and less often. @returns it, ended
 * @throws DbtCancelledError once the signal fires: the run goes on; DbtExecutionError if it is gone or takes too long
 */
export async function watchRun(client: CloudClient, watch: Watch, call: CloudCall): Promise<CloudRun> {
  const { clock, address } = client;
  const link = runLink(address, watch.run);
  let run = watch.run;
  let seen = false;
  let toldOfStatus = false;
  let pause = watch.pollSeconds;
  for (;;) {
    if (call.signal?.aborted) throw new DbtCancelledError("Cancelled.");
    try {
      run = await getRun(client, run.id, call);
      seen = true;
    } catch (error) {
      if (!(error instanceof CloudNotFoundError)) throw error;
      if (seen || clock.now() - watch.since > unseenSeconds * 1000) {
        throw new DbtExecutionError(
          `Run ${run.id} is not in dbt Cloud any more, or may not be seen: ${link}`,
          {
            cause: error,
          },
        );
      }
    }
    if (seen) watch.onRun(run);
    if (hasEnded(run)) return run;
    if (runState(run.status) === "unknown" && !toldOfStatus) {
      toldOfStatus = true;
      call.onNotice?.(
        `dbt Cloud says status ${run.status} of run ${run.id}, which is not known here. Waiting on.`,
      );
    }
    const elapsed = (clock.now() - watch.since) / 1000;
    if (elapsed > watch.timeoutSeconds) throw new RunTimeout(run, elapsed, link);
    const waits = seen && runState(run.status) === "running" ? pause : Math.min(2, watch.pollSeconds);
    if (waits === pause) pause = Math.min(pause * 1.5, watch.pollSeconds * 3);
    await clock.sleep(waits * 1000 * (0.8 + 0.4 * clock.random()), call.signal);
  }
}

export class RunTimeout extends DbtExecutionError {
  constructor(run: CloudRun, elapsedSeconds: number, link: string) {
    super(
      `Run ${run.id} takes longer than ${Math.round(elapsedSeconds)} s, which is all that timeout_seconds allows: ${link}`,
    );
  }
}

/**
 * Cancels a run in dbt Cloud. Never rejects. @returns what became of it, in words: it ended, was asked to, or could not be
 */
export async function cancelRun(
  client: CloudClient,
  run: CloudRun,
  onNotice: ((message: string) => void) | undefined,
): Promise<{ cancelled: boolean; words: string }> {
  const link = runLink(client.address, run);
  const call: CloudCall = { hurried: true, onNotice };
  let refusal = "";
  // Cancelling twice is cancelling once, so an answer that was lost is asked for again.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const answer = await postCancel(client, run.id, call);
      if (hasEnded(answer)) return ended(answer);
      refusal = "";
      break;
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
      if (!(error instanceof Error && error.name === "CloudUncertainError")) break;
    }
  }
  try {
    if (refusal === "") await client.clock.sleep(1000);
    const now = await getRun(client, run.id, call);
    if (hasEnded(now)) return ended(now);
  } catch (error) {
    refusal ||= error instanceof Error ? error.message : String(error);
  }
  if (refusal === "") {
    return { cancelled: true, words: `dbt Cloud was asked to cancel run ${run.id} and is about to: ${link}` };
  }
  const words = `Run ${run.id} could not be cancelled in dbt Cloud and may go on: ${refusal} See ${link}`;
  onNotice?.(words);
  return { cancelled: false, words };
}

function ended(run: CloudRun): { cancelled: boolean; words: string } {
  return runState(run.status) === "cancelled"
    ? { cancelled: true, words: `Cancelled, and run ${run.id} in dbt Cloud too.` }
    : {
        cancelled: true,
        words: `Run ${run.id} had already ended in dbt Cloud: ${runState(run.status)}.`,
      };
}
