import assert from "node:assert/strict";
import { page } from "../../probe/page.ts";
import { diagnostics, hasCode, openFile, projectIn, replaceText } from "../../probe/product.ts";
import { test } from "../../probe/tests.ts";

test(
  "two windows on one project both get ready, and the first goes on when the second closes",
  async () => {
    const editor = await openFile("models/lint_tour/tour_structure.sql");
    await projectIn(["ready"], 90);
    await page.openSecondWindow();
    assert.match(await page.secondWindowStatusBarItem("dbt: local"), /local/);
    await page.closeSecondWindow();
    await replaceText(editor, "    hut_id,\n", "    hut_id  as hut,\n");
    await diagnostics(editor.document.uri, "LT01", hasCode("LT01"));
  },
  { seconds: 110 },
);
