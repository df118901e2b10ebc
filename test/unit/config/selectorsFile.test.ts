import { describe, expect, test } from "vitest";
import { createConfigReader } from "../../../server/config/configReader.ts";
import { readSelectors } from "../../../server/config/selectorsFile.ts";
import { folderWith } from "./projectOnDisk.ts";

/** Names that were read, and each mistake with its line from 1. */
async function read(text: string): Promise<{ names: string[]; mistakes: [number, string][] }> {
  await using folder = await folderWith({ "selectors.yml": text });
  const { selectors, problems } = await readSelectors(createConfigReader(), folder.dir);
  return {
    names: selectors.map(({ name }) => name),
    mistakes: problems.map(({ range, message }) => [range.start.line + 1, message]),
  };
}

describe("selectors.yml", () => {
  test("names selections, whatever each is made of", async () => {
    const text = `selectors:
  - name: nightly
    description: What runs at night
    default: "{{ target.name == 'prod' | as_bool }}"
    definition: tag:nightly
  - name: both
    definition:
      union: [{method: tag, value: a}, exclude: [{method: path, value: models/b}]]
`;
    expect(await read(text)).toEqual({ names: ["nightly", "both"], mistakes: [] });
  });

  test("a wrong one costs itself, and says so at its line", async () => {
    const text = `selectors:
  - name: [no]
    definition: tag:a
  - name: good
    definition: tag:b
  - name: without
  - just a text
  - name: good
    definition: tag:c
`;
    const { names, mistakes } = await read(text);
    expect(names).toEqual(["good"]);
    expect(mistakes.map(([line]) => line)).toEqual([2, 6, 7, 8]);
    expect(mistakes[3]?.[1]).toBe('There are two selectors "good": dbt allows one.');
  });

  test.each([
    ["- a\n", 1],
    ["selectors: {a: b}\n", 1],
    ["selectors:\n  - name: a\n    definition: {{ x }}\n   - b\n", 4],
  ])("%j is a mistake, and no exception", async (text, line) => {
    const { mistakes } = await read(text);
    expect(mistakes.map(([at]) => at)).toContain(line);
  });

  test("is not missed where it is not there", async () => {
    await using folder = await folderWith({});
    expect(await readSelectors(createConfigReader(), folder.dir)).toEqual({ selectors: [], problems: [] });
    expect(await read("# later\n")).toEqual({ names: [], mistakes: [] });
  });
});
