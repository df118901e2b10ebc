import { expect, test } from "vitest";
import type { Selection, TextEditor } from "vscode";
import { ownSelections } from "../../../client/views/compiled/ownSelections.ts";

const editor = {} as TextEditor;
const line = (at: number): Selection => {
  const selection = { at, isEqual: (other: { at: number }) => other.at === at };
  return selection as unknown as Selection;
};

test("what an editor tells late of is still ours, when another has been made since", () => {
  const ours = ownSelections();
  ours.made(editor, line(0));
  ours.made(editor, line(9));
  expect([0, 9, 9].map((at) => ours.toldOf(editor, line(at)))).toEqual([true, true, false]);
});

test("what an editor leaves out, as another soon followed, is not waited for", () => {
  const ours = ownSelections();
  for (const at of [1, 2, 2, 3]) ours.made(editor, line(at));
  expect([3, 2, 1].map((at) => ours.toldOf(editor, line(at)))).toEqual([true, false, false]);
});

test("each editor tells of its own", () => {
  const ours = ownSelections();
  ours.made(editor, line(1));
  expect(ours.toldOf({} as TextEditor, line(1))).toBe(false);
  expect(ours.toldOf(editor, line(1))).toBe(true);
});
