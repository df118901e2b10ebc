import { expect, test } from "vitest";
import { ShownStates } from "../../../../client/testing/shownStates.ts";

test("what the artifacts say is news where it differs, and old where a test has just ended otherwise", () => {
  const shown = new ShownStates();
  expect(shown.isNews("/huts", "test.a", "success", 0)).toBe(true);
  expect(shown.isNews("/huts", "test.a", "success", 1)).toBe(false);
  shown.live("/huts", "test.a", "fail", 2);
  expect(shown.isNews("/huts", "test.a", "success", 3)).toBe(false);
  expect(shown.isNews("/huts", "test.a", "fail", 4)).toBe(false);
  // Run again elsewhere, where nobody looked on.
  expect(shown.isNews("/huts", "test.a", "success", 5)).toBe(true);
  shown.live("/huts", "test.a", "fail", 6);
  expect(shown.isNews("/huts", "test.a", "success", 60_000)).toBe(true);
  expect(shown.isNews("/other", "test.a", "success", 60_001)).toBe(true);
});
