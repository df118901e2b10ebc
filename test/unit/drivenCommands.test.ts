import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { commandFacts, commandIds } from "../../client/commands/list.ts";
import { repoDir } from "../harness/environment.ts";

/** The suites, and what they share. */
const text = ["suites", "probe"]
  .map((folder) => path.join(repoDir, "test/editor", folder))
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(path.join(folder, file), "utf8")),
  )
  .join("\n");

/** How a person reaches a command by its title: the palette, a menu, a button of a row, a title bar or a page. */
const byTitle =
  "runCommand|chooseMenuEntry|clickTreeRowAction|clickTitleAction|pickQuickPickItem|clickWebviewLink";

it("has each command driven in a real editor: by its name, or by its title where a person finds it", () => {
  const undriven = commandIds.filter((id) => {
    const title = commandFacts[id].title.replace("…", "").replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    const clicked = new RegExp(`page\\.(${byTitle})\\([^;]*"(Floe dbt: )?${title}…?"`, "i");
    return !text.includes(`"${id}"`) && !clicked.test(text);
  });
  expect(undriven).toEqual([]);
});
