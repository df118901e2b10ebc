import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Part, prepareParts } from "../../../scripts/setup/prepare.mjs";

beforeEach(() => void vi.spyOn(console, "log").mockReturnValue(undefined));
afterEach(() => void vi.restoreAllMocks());

function partsThatTell() {
  const installed: string[] = [];
  const part = (title: string, more: Partial<Part> = {}): Part => ({
    title,
    isReady: () => false,
    install: async () => {
      await Promise.resolve();
      installed.push(title);
    },
    ...more,
  });
  return { installed, part };
}

test("a part that two uses need is installed once", async () => {
  const { installed, part } = partsThatTell();
  await prepareParts([part("engine"), part("driver"), part("engine")]);
  expect(installed.toSorted()).toEqual(["driver", "engine"]);
});

test("a part that is there is left alone; one that goes after another waits for it", async () => {
  const { installed, part } = partsThatTell();
  const ready = part("there", { isReady: () => true });
  await prepareParts([ready, part("python"), part("layer", { after: "python" })]);
  expect(installed).toEqual(["python", "layer"]);
});

test("every failure is told, once, and what goes after it is not begun", async () => {
  const { installed, part } = partsThatTell();
  const fails = (title: string) => part(title, { install: () => Promise.reject(new Error(`no ${title}`)) });
  const preparing = prepareParts([fails("a"), part("b", { after: "a" }), fails("c"), part("d")]);
  await expect(preparing).rejects.toThrow(/^no a\n\nno c$/);
  expect(installed).toEqual(["d"]);
});
