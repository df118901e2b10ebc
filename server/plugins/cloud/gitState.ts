import type { Log } from "../../platform/log.ts";
import { runToEnd } from "../../platform/process.ts";

/** How the checkout is, beside which dbt Cloud runs a commit. */
export interface GitState {
  head: string;
  branch: string | null;
  /** Files below the project that differ from HEAD, new ones included. */
  changedFiles: number;
  /** A remote has HEAD, as far as the last fetch knows. */
  pushed: boolean;
}

/** @returns null where the folder is in no git repository, or there is no git */
export async function gitState(
  projectDir: string,
  options: { env: NodeJS.ProcessEnv; log: Log; signal?: AbortSignal | undefined },
): Promise<GitState | null> {
  const git = async (...args: string[]): Promise<string | null> => {
    const { exitCode, stdout } = await runToEnd(
      {
        file: "git",
        args: ["-C", projectDir, ...args],
        env: { ...options.env, GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" },
      },
      { log: options.log, signal: options.signal, timeLimitSeconds: 10 },
    );
    return exitCode === 0 ? stdout.trim() : null;
  };
  const head = await git("rev-parse", "HEAD");
  if (head === null || !/^[0-9a-f]{40,64}$/.test(head)) return null;
  const [branch, status, remotes] = await Promise.all([
    git("rev-parse", "--abbrev-ref", "HEAD"),
    git("status", "--porcelain", "--", "."),
    git("branch", "--remotes", "--contains", head),
  ]);
  return {
    head,
    branch: branch === null || branch === "HEAD" ? null : branch,
    changedFiles: (status ?? "").split("\n").filter(Boolean).length,
    pushed: (remotes ?? "") !== "",
  };
}

/** What a person must know of a result of another state of the project than theirs; null where it is the same. */
export function divergence(runSha: string | null, git: GitState | null): string | null {
  const commit = runSha === null ? "a commit it does not name" : `commit ${runSha.slice(0, 7)}`;
  if (git === null)
    return `dbt Cloud used ${commit}; this folder is in no git repository, so it may be different.`;
  const files = git.changedFiles === 1 ? "1 changed file" : `${git.changedFiles} changed files`;
  const differs = runSha !== null && runSha !== git.head;
  if (differs || runSha === null) {
    const dirty = git.changedFiles === 0 ? "" : `, with ${files}`;
    return `dbt Cloud used ${commit}; your working tree is at ${git.head.slice(0, 7)}${dirty}.`;
  }
  if (git.changedFiles === 0) return null;
  return `dbt Cloud used ${commit}, which is yours, without your ${files}.`;
}
