import { styleText } from "node:util";
import type { Writable } from "node:stream";
import { inOptions } from "./optionNames.ts";

/** Data goes to stdout, words to stderr, so that `floe-dbt lint --format json > file` holds JSON and nothing else. */
export interface Terminal {
  data(text: string): void;
  words(text: string): void;
  /** One line that the next one replaces; nothing where stderr is not a terminal. */
  progress(text: string): void;
  style: (format: Parameters<typeof styleText>[0], text: string) => string;
}

type Stream = Writable & { isTTY?: boolean; columns?: number };

export function createTerminal(stdout: Stream, stderr: Stream, env: NodeJS.ProcessEnv): Terminal {
  const colours = (stdout.isTTY === true && !env["NO_COLOR"]) || Boolean(env["FORCE_COLOR"]);
  const live = stderr.isTTY === true;
  let pending = false;
  // Who reads them may have seen enough (`| head`): dbt is not to be cut off for that.
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  const clear = () => {
    if (pending) stderr.write("\r\u001b[2K");
    pending = false;
  };
  return {
    data(text) {
      clear();
      stdout.write(text.endsWith("\n") || text === "" ? text : `${text}\n`);
    },
    words(text) {
      clear();
      stderr.write(`${inOptions(text)}\n`);
    },
    progress(text) {
      if (!live) return;
      clear();
      stderr.write(text.slice(0, (stderr.columns ?? 80) - 1));
      pending = true;
    },
    style: (format, text) => (colours ? styleText(format, text, { validateStream: false }) : text),
  };
}
