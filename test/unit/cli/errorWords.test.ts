import path from "node:path";
import { expect, test } from "vitest";
import { errorWords } from "../../../server/cli/errorWords.ts";
import { DbtCompilationError } from "../../../server/plugins/errors.ts";

test("an error says its place, once, and what to do in a terminal", () => {
  const baseDir = path.resolve("/shop");
  const at = { filePath: path.join(baseDir, "models", "b.sql"), line: 2, column: 5 };
  const place = path.join("models", "b.sql");
  const words = (message: string, details = {}): string =>
    errorWords(new DbtCompilationError(message, details), baseDir);
  expect(words("`nope` is unknown", at)).toBe(`\`nope\` is unknown (${place}:2:5)`);
  expect(words("`nope` is unknown", { filePath: at.filePath })).toBe(`\`nope\` is unknown (${place})`);
  expect(words("Compilation Error in models/b.sql", at)).toBe("Compilation Error in models/b.sql");
  expect(words("There is no engine.")).toBe("There is no engine.");
  const remedy = { title: "Set Up Environment", command: "floeDbt.setUpEnvironment" };
  const advice = "Install what is needed with pip, or name another Python with --python.";
  expect(words("No dbt.", { remedy })).toBe(`No dbt. ${advice}`);
  expect(words("Two\nlines.", { remedy })).toBe(`Two\nlines.\n${advice}`);
  expect(words("It ended.", { remedy: { title: "Restart", command: "floeDbt.restartServer" } })).toBe(
    "It ended.",
  );
  expect(errorWords(new Error("a bug\n"), baseDir)).toBe("a bug");
  expect(words(`\u001b[31mred\u0007 ${"w".repeat(200_000)}`)).toMatch(
    /^red w{7996} \.\.\. \(200,004 characters/,
  );
});
