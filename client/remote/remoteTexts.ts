import type { RemoteEnvironmentFacts, RemoteRun } from "../../protocol/remote.ts";
import type { RunStep } from "../../protocol/run.ts";
import { firstLine } from "../runs/plainText.ts";

/** What rows of the dbt Cloud view say, as data, and when they are looked at again. */

/**
 * Runs that go on are looked at again while the view is open, less and less often: 20 windows are not to use up an account's
 * requests.
 * @param waited milliseconds before the look that has just been; null for the first
 */
export const nextLook = (waited: number | null): number =>
  waited === null ? 5_000 : Math.min(waited * 1.5, 30_000);

interface Icon {
  id: string;
  color?: string;
}

export function runIcon(state: RemoteRun["state"]): Icon {
  switch (state) {
    case "queued":
      return { id: "watch", color: "testing.iconQueued" };
    case "running":
      return { id: "loading~spin", color: "progressBar.background" };
    case "success":
      return { id: "pass", color: "testing.iconPassed" };
    case "error":
      return { id: "error", color: "problemsErrorIcon.foreground" };
    case "cancelled":
      return { id: "circle-slash", color: "testing.iconSkipped" };
    case "unknown":
      return { id: "question" };
  }
}

export const stepIcon = (state: RunStep["state"]): Icon =>
  state === "skipped" ? { id: "debug-step-over", color: "testing.iconSkipped" } : runIcon(state);

/**
 * "run stg_orders" of a run that was started here, else its cause. All of ours begin alike, and that would fill a narrow view:
 * the tooltip has the whole cause.
 */
export const runTitle = ({ id, cause }: RemoteRun): string =>
  firstLine(cause ?? `Run ${id}`)
    .replace(/^Floe dbt: dbt (\w+)(?: --select=)?/, (_all, verb: string) => `${verb} `)
    .trim();

/** "Nightly · c0ffee0 · 3 min ago · took 42 s" */
export function runText(run: RemoteRun, now: number): string {
  const took = run.startedAt === null || run.finishedAt === null ? null : run.finishedAt - run.startedAt;
  return [
    run.jobName,
    run.commit?.slice(0, 7),
    agoOf(run.createdAt, now),
    took === null || took < 1000 ? null : `took ${span(took)}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

export function environmentText({ kind, branch, dbtVersion }: RemoteEnvironmentFacts): string {
  return [kind, branch === null ? null : `branch ${branch}`, dbtVersion === null ? null : `dbt ${dbtVersion}`]
    .filter(Boolean)
    .join(" · ");
}

export function agoOf(at: number | null, now: number): string {
  return at === null ? "" : now - at < 10_000 ? "just now" : `${span(now - at)} ago`;
}

function span(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
