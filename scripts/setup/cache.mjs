// The cache folder: which parts in it are finished, and one writer at a time.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { cacheDir } from "../pins.mjs";

const markerOf = (part) => path.join(cacheDir(), "ready", part);

/** A part is finished when its marker says so: it is written last, so an interrupted install is never taken for one. */
export const isReady = (part) => existsSync(markerOf(part));

export async function markReady(part) {
  await mkdir(path.dirname(markerOf(part)), { recursive: true });
  await writeFile(markerOf(part), `${new Date().toISOString()}\n`);
}

/** Fills `dir` in one step: `fill` works in a folder beside it, which takes the name `dir` only when all is there. */
export async function fillFolder(dir, fill) {
  // One name for all: the lock lets one process in, and what an interrupted one left is cleared.
  const partial = `${dir}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    await fill(partial);
    await rm(dir, { recursive: true, force: true });
    await rename(partial, dir);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Runs `work` while no other process of this machine is in here. A lock whose owner is gone is taken over. */
export async function withCacheLock(work, { onWait } = {}) {
  await mkdir(cacheDir(), { recursive: true });
  const lock = path.join(cacheDir(), "setup.lock");
  let told = false;
  while (!(await take(lock))) {
    const owner = Number(await readFile(lock, "utf8").catch(() => "0"));
    if (owner && !isAlive(owner)) {
      // Only one of several waiting processes can rename it away.
      const stale = `${lock}.${process.pid}`;
      await rename(lock, stale).catch(() => {});
      await rm(stale, { force: true });
      continue;
    }
    if (!told) onWait?.(owner);
    told = true;
    await pause(300);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** A link appears with its content: nobody can read a lock that does not say yet whose it is. */
async function take(lock) {
  const mine = `${lock}.${randomUUID()}`;
  await writeFile(mine, `${process.pid}\n`);
  try {
    await link(mine, lock);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

/** Whether a process of this machine has this id. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
