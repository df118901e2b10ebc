import type { EventEmitter } from "node:events";
import { getDefaultHighWaterMark, setDefaultHighWaterMark, type Readable } from "node:stream";

/** So much in one piece, in bytes, and there is more: it is read on at once. */
const muchOutput = 16_384;
/** A pipe holds some 170 short lines, which the engine writes in this time where it is loud: it shall not have to wait for us. */
const gatherMs = 8;

/**
 * Starts a process with pipes that read nothing ahead, unless told to. Node otherwise takes each small piece from the system
 * as it comes, until 64 kB of them are waiting, however long the stream is paused: that read is what costs.
 */
export function readingAhead<T>(reads: boolean, start: () => T): T {
  if (reads) return start();
  const usual = getDefaultHighWaterMark(false);
  setDefaultHighWaterMark(false, 1);
  try {
    return start();
  } finally {
    setDefaultHighWaterMark(false, usual);
  }
}

/**
 * Takes what a process writes, in few pieces: a program that logs line by line would cost a read for each, ten times what the
 * line itself does. What comes after a pause is taken at once; what follows is left in the pipe for a moment, until much of it
 * is there or the process has ended.
 * @param source a pipe that reads nothing ahead
 */
export function gather(source: Readable, child: EventEmitter, take: (chunk: Buffer) => void): void {
  let takenAt = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let hasMore = false;
  let hasEnded = false;

  const takeAll = (): void => {
    clearTimeout(timer);
    timer = undefined;
    hasMore = false;
    takenAt = performance.now();
    for (let chunk = read(source); chunk !== null; chunk = read(source)) {
      hasMore ||= chunk.length >= muchOutput;
      take(chunk);
    }
  };
  source.on("readable", () => {
    if (timer !== undefined) return;
    const due = takenAt + gatherMs - performance.now();
    if (hasMore || hasEnded || due <= 0) takeAll();
    else timer = setTimeout(takeAll, due);
  });
  child.once("exit", () => {
    hasEnded = true;
    if (timer !== undefined) takeAll();
  });
}

const read = (source: Readable): Buffer | null => source.read() as Buffer | null;
