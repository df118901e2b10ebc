import { StringDecoder } from "node:string_decoder";

export interface LineReader {
  push(chunk: Buffer | string): void;
  /** Hands out what is left without a line end. */
  end(): void;
}

/**
 * Cuts a stream of bytes into lines without their ends ("\n" or "\r\n"). A line of more than `maxLength` characters is
 * dropped and `onOverlong` told once for it, so that a program gone wild cannot fill the memory.
 */
export function lineReader(
  maxLength: number,
  onLine: (line: string) => void,
  onOverlong: () => void = () => undefined,
): LineReader {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let length = 0;
  let dropping = false;

  const add = (text: string): void => {
    if (dropping || text === "") return;
    length += text.length;
    if (length <= maxLength) {
      parts.push(text);
      return;
    }
    dropping = true;
    parts = [];
    onOverlong();
  };
  const finish = (): void => {
    const line = parts.join("");
    const wasDropped = dropping;
    parts = [];
    length = 0;
    dropping = false;
    if (!wasDropped) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  };

  return {
    push(chunk) {
      const text = typeof chunk === "string" ? chunk : decoder.write(chunk);
      let from = 0;
      for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
        add(text.slice(from, at));
        finish();
        from = at + 1;
      }
      add(text.slice(from));
    },
    end() {
      add(decoder.end());
      if (length > 0) finish();
    },
  };
}
