import { styleText } from "node:util";
import type { Writable } from "node:stream";
import { inOptions } from "./optionNames.ts";

/** Data goes to stdout, words to stderr, so that `floe-dbt lint --format json > file` holds JSON and nothing else. */
export interface Terminal {
  data(text: string): void;
  words(text: string): void;
  /** One line that the next one replaces; nothing where stderr is not a terminal. */
  progress(text: string): void;
  /** Colours for data, and for words: each where its own stream is shown to a person. */
  style: Style;
  wordStyle: Style;
}

type Style = (format: Parameters<typeof styleText>[0], text: string) => string;
type Stream = Writable & { isTTY?: boolean; columns?: number };

/** @param onLost where what is written goes nowhere, as on a full disk */
export function createTerminal(
  stdout: Stream,
  stderr: Stream,
  env: NodeJS.ProcessEnv,
  onLost: () => void,
): Terminal {
  const styleOf = (stream: Stream): Style => {
    const colours = (stream.isTTY === true && !env["NO_COLOR"]) || Boolean(env["FORCE_COLOR"]);
    return (format, text) => (colours ? styleText(format, text, { validateStream: false }) : text);
  };
  const live = stderr.isTTY === true;
  let pending = false;
  // Who reads them may have seen enough (`| head`): dbt is not to be cut off for that.
  for (const stream of [stdout, stderr]) {
    stream.on("error", ({ code, message }: NodeJS.ErrnoException) => {
      if (code === "EPIPE") return;
      if (stream === stdout) stderr.write(`floe-dbt: The result could not be written: ${message}.\n`);
      onLost();
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
      // Some terminals say that they have no columns.
      stderr.write(text.slice(0, (stderr.columns || 80) - 1));
      pending = true;
    },
    style: styleOf(stdout),
    wordStyle: styleOf(stderr),
  };
}
