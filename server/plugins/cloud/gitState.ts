import path from "node:path";
import type { Log } from "../../platform/log.ts";
import { runToEnd } from "../../platform/process.ts";
import { counted } from "../../../protocol/counted.ts";

/** How the checkout is, beside which dbt Cloud runs a commit. */
export interface GitState {
  head: string;
  branch: string | null;
  /** Files below the project that differ from HEAD, new ones included. */
  changedFiles: number;
  /** A remote has HEAD, as far as the last fetch knows. */
  pushed: boolean;
}

interface GitOptions {
  env: NodeJS.ProcessEnv;
  log: Log;
  signal?: AbortSignal | undefined;
}

/** @returns null where the folder is in no git repository, or there is no git */
export async function gitState(projectDir: string, options: GitOptions): Promise<GitState | null> {
  const git = gitIn(projectDir, options);
  const head = (await git("rev-parse", "HEAD"))?.trim() ?? null;
  if (head === null || !/^[0-9a-f]{40,64}$/.test(head)) return null;
  const [branch, status, remotes] = await Promise.all([
    git("rev-parse", "--abbrev-ref", "HEAD"),
    git("status", "--porcelain", "--", "."),
    git("branch", "--remotes", "--contains", head),
  ]);
  const name = branch?.trim() ?? "HEAD";
  return {
    head,
    branch: name === "HEAD" ? null : name,
    changedFiles: (status ?? "").split("\n").filter(Boolean).length,
    pushed: (remotes ?? "").trim() !== "",
  };
}

/**
 * Files below a folder that differ from a commit, as they are on disk: committed since or not, new, deleted.
 * @returns absolute paths, or why git cannot tell
 */
export async function changedSince(
  projectDir: string,
  commit: string | null,
  options: GitOptions,
): Promise<{ files: string[] } | { unknown: string }> {
  if (commit === null || !/^[0-9a-f]{7,64}$/.test(commit)) {
    return { unknown: "dbt Cloud does not name the commit" };
  }
  const git = gitIn(projectDir, options);
  if ((await git("rev-parse", "HEAD")) === null) return { unknown: "this folder is in no git repository" };
  const [changed, added] = await Promise.all([
    git("diff", "--name-only", "--no-renames", "--relative", "-z", commit, "--", "."),
    git("ls-files", "--others", "--exclude-standard", "-z", "--", "."),
  ]);
  if (changed === null || added === null) {
    return { unknown: `commit ${commit.slice(0, 7)} is not in this repository: fetch it` };
  }
  const names = new Set([...changed.split("\0"), ...added.split("\0")].filter(Boolean));
  return { files: [...names].map((name) => path.resolve(projectDir, name)) };
}

/** Runs git in a folder, without locks or questions. @returns null where it fails */
const gitIn =
  (dir: string, { env, log, signal }: GitOptions) =>
  async (...args: string[]): Promise<string | null> => {
    const { exitCode, stdout } = await runToEnd(
      {
        file: "git",
        args: ["-C", dir, ...args],
        env: { ...env, GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" },
      },
      { log, signal, timeLimitSeconds: 10, keep: 16_000_000 },
    );
    return exitCode === 0 ? stdout : null;
  };

/** What a person must know of a result of another state of the project than theirs; null where it is the same. */
export function divergence(runSha: string | null, git: GitState | null): string | null {
  const commit = runSha === null ? "a commit it does not name" : `commit ${runSha.slice(0, 7)}`;
  if (git === null)
    return `dbt Cloud used ${commit}; this folder is in no git repository, so it may be different.`;
  const files = counted(git.changedFiles, "changed file");
  const differs = runSha !== null && runSha !== git.head;
  if (differs || runSha === null) {
    const dirty = git.changedFiles === 0 ? "" : `, with ${files}`;
    return `dbt Cloud used ${commit}; your working tree is at ${git.head.slice(0, 7)}${dirty}.`;
  }
  if (git.changedFiles === 0) return null;
  return `dbt Cloud used ${commit}, which is yours, without your ${files}.`;
}
