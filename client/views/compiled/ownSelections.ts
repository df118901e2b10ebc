import type { Selection, TextEditor } from "vscode";

/** Which of the selections that editors tell of are those we have made in them. */
export interface OwnSelections {
  /** We have made this selection in an editor, which will tell of it a moment later. */
  made: (editor: TextEditor, selection: Selection) => void;
  /** @returns whether what an editor now tells of is one of ours; each is told of once */
  toldOf: (editor: TextEditor, selection: Selection) => boolean;
}

/** An editor tells of what is selected in its order, but may leave out what was soon followed by another. */
export function ownSelections(): OwnSelections {
  const untold = new WeakMap<TextEditor, Selection[]>();
  return {
    made: (editor, selection) => {
      const before = untold.get(editor) ?? [];
      // Where it is selected already, the editor has nothing to tell.
      if (before.at(-1)?.isEqual(selection) !== true) untold.set(editor, [...before, selection]);
    },
    toldOf: (editor, selection) => {
      const before = untold.get(editor) ?? [];
      const found = before.findIndex((each) => each.isEqual(selection));
      if (found >= 0) untold.set(editor, before.slice(found + 1));
      return found >= 0;
    },
  };
}
