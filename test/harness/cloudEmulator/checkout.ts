import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const identity = {
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.org",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
};

export async function git(dir: string, ...args: string[]): Promise<string> {
  const { stdout } = await run("git", ["-C", dir, ...args], {
    env: { ...process.env, ...identity },
    maxBuffer: 64_000_000,
  });
  return stdout.trim();
}

/** Makes the folder a repository if it is none, and commits all that is in it. @returns the commit */
export async function commitAll(dir: string, message = "As it is"): Promise<string> {
  const isRepository = await git(dir, "rev-parse", "--git-dir").then(
    (found) => found === ".git",
    () => false,
  );
  if (!isRepository) await git(dir, "init", "--quiet", "--initial-branch=main");
  await git(dir, "add", "--all");
  const isNew = !isRepository || (await git(dir, "status", "--porcelain")) !== "";
  if (isNew) await git(dir, "commit", "--quiet", "--allow-empty", "-m", message);
  return git(dir, "rev-parse", "HEAD");
}

/** Says that a remote has what is committed. */
export async function pretendPushed(dir: string): Promise<void> {
  await git(dir, "update-ref", "refs/remotes/origin/main", "HEAD");
}

/** The files of a commit, in a folder of their own. @throws an error where there is no such commit */
export async function checkOut(repository: string, commit: string, into: string): Promise<string> {
  const sha = await git(repository, "rev-parse", "--verify", "--quiet", `${commit}^{commit}`);
  await mkdir(into, { recursive: true });
  const index = path.join(into, ".emulator-index");
  const env = { ...process.env, ...identity, GIT_INDEX_FILE: index };
  await run("git", ["-C", repository, "read-tree", sha], { env });
  await run("git", ["-C", repository, "checkout-index", "--all", `--prefix=${into}${path.sep}`], { env });
  await rm(index, { force: true });
  return sha;
}
