import type { RunStep, RunVerb } from "./run.ts";

/** An environment that runs elsewhere, as it shows itself: jobs, environments, recent runs. Text in here is text. */

export interface RemoteJob {
  id: string;
  name: string;
  environmentId: string | null;
  /** The commands it has of its own. */
  steps: string[];
  link: string;
  /** Commands given here that run in it. */
  usedFor: JobKind[];
}
export const jobKinds = ["compile", "run", "test"] as const;
export type JobKind = (typeof jobKinds)[number];

export interface RemoteEnvironmentFacts {
  id: string;
  name: string;
  /** "production", "staging", "development" ...; null where not known. */
  kind: string | null;
  dbtVersion: string | null;
  branch: string | null;
  /** The one of manifest.yaml. */
  own: boolean;
}

export interface RemoteRun {
  id: string;
  state: "queued" | "running" | "success" | "error" | "cancelled" | "unknown";
  jobName: string | null;
  /** Who or what started it, and why. */
  cause: string | null;
  commit: string | null;
  branch: string | null;
  /** Milliseconds since the epoch. */
  createdAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  link: string;
}

export interface RemoteOverview {
  state: "signedOut" | "ready" | "failed";
  /** What is wrong, in one sentence. */
  message: string | null;
  host: string;
  accountId: string;
  link: string | null;
  jobs: RemoteJob[];
  environments: RemoteEnvironmentFacts[];
  /** The newest first. */
  runs: RemoteRun[];
}

export interface RemoteRunDetail {
  run: RemoteRun;
  steps: (RunStep & { index: number })[];
  artifacts: string[];
}

/** Before something is started there for the first time: what runs where. */
export interface TriggerQuestion {
  projectDir: string;
  host: string;
  accountId: string;
  verb: RunVerb;
  /** `dbt run --select=customers` */
  command: string;
  job: { id: string; name: string; environment: string | null } | null;
  /** The commit it will be, in words. */
  commit: string;
  /** Where no job is chosen: those there are. */
  jobs: { id: string; name: string; environment: string | null }[];
}

export interface SignInResult {
  /** Where the token is good, for a person. */
  host: string;
  accountId: string;
  accountName: string | null;
  /** What the token may not do that will be missed, one sentence each. */
  missing: string[];
  /** Under which a client keeps it. */
  secretKey: string;
}
