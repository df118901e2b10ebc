import { PassThrough } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { createTerminal } from "../../../server/cli/terminal.ts";

function terminalOf({ shown = false, columns = 80, env = {} } = {}) {
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { isTTY: shown, columns });
  const onLost = vi.fn();
  const words = (): string => String(stderr.read() ?? "");
  return { stdout, onLost, words, terminal: createTerminal(stdout, stderr, env, onLost) };
}

describe("createTerminal", () => {
  test("each stream has colours where it is shown to a person", () => {
    const { terminal } = terminalOf({ shown: true });
    expect(terminal.style("red", "x")).toBe("x");
    expect(terminal.wordStyle("red", "x")).toBe("\u001b[31mx\u001b[39m");
    expect(terminalOf({ shown: true, env: { NO_COLOR: "1" } }).terminal.wordStyle("red", "x")).toBe("x");
    expect(terminalOf({ env: { FORCE_COLOR: "1" } }).terminal.style("red", "x")).not.toBe("x");
  });

  test("progress is one line, whole where the terminal does not know its width, and nothing in a file", () => {
    const { terminal, words } = terminalOf({ shown: true, columns: 0 });
    terminal.progress("0/2 endless");
    expect(words()).toBe("0/2 endless");
    const narrow = terminalOf({ shown: true, columns: 6 });
    narrow.terminal.progress("0/2 endless");
    expect(narrow.words()).toBe("0/2 e");
    const file = terminalOf();
    file.terminal.progress("0/2 endless");
    expect(file.words()).toBe("");
  });

  test("a reader that went away is no loss, a full disk is", () => {
    const { stdout, onLost, words } = terminalOf();
    stdout.emit("error", Object.assign(new Error("broken pipe"), { code: "EPIPE" }));
    expect(onLost).not.toHaveBeenCalled();
    stdout.emit("error", Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" }));
    expect(onLost).toHaveBeenCalledOnce();
    expect(words()).toBe("floe-dbt: The result could not be written: ENOSPC: no space left on device.\n");
  });
});
