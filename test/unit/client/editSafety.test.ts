import { describe, expect, it } from "vitest";
import type { WorkspaceEdit } from "vscode-languageserver-protocol";
import { movedOn, previewFirst } from "../../../client/editSafety.ts";

const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
const editOf = (uri: string, version: number | null): WorkspaceEdit => ({
  documentChanges: [{ textDocument: { uri, version }, edits: [{ range, newText: "x" }] }],
});

describe("movedOn", () => {
  it("lets an edit of the very version through", () => {
    expect(movedOn(editOf("file:///a.sql", 3), [{ uri: "file:///a.sql", version: 3, dirty: true }])).toEqual(
      [],
    );
  });

  it("stops an edit of another version", () => {
    const open = [{ uri: "file:///a.sql", version: 4, dirty: true }];
    expect(movedOn(editOf("file:///a.sql", 3), open)).toEqual(["file:///a.sql"]);
  });

  it("stops an edit made from the disk where the editor holds unsaved text, and only there", () => {
    expect(
      movedOn(editOf("file:///a.sql", null), [{ uri: "file:///a.sql", version: 9, dirty: true }]),
    ).toHaveLength(1);
    expect(
      movedOn(editOf("file:///a.sql", null), [{ uri: "file:///a.sql", version: 9, dirty: false }]),
    ).toEqual([]);
    expect(movedOn(editOf("file:///a.sql", null), [])).toEqual([]);
  });

  it("knows a document under another spelling of its URI", () => {
    const open = [{ uri: "file:///c%3A/p%C3%A9/a%20b.sql", version: 2, dirty: false }];
    expect(movedOn(editOf("file:///C:/pé/a b.sql", 1), open)).toHaveLength(1);
  });
});

describe("previewFirst", () => {
  const shown = previewFirst(editOf("file:///a.sql", 3), "file:///dbt_project.yml");
  const [anchor, change] = shown.documentChanges ?? [];

  it("keeps text, place and version, with every fix ticked", () => {
    expect(change).toEqual({
      textDocument: { uri: "file:///a.sql", version: 3 },
      edits: [{ range, newText: "x", annotationId: "floeDbt.fixes" }],
    });
    expect(shown.changeAnnotations?.["floeDbt.fixes"]?.needsConfirmation).toBe(false);
  });

  it("asks by a change that the preview does not list and the editor never carries out", () => {
    expect(anchor).toEqual({
      kind: "create",
      uri: "file:///dbt_project.yml",
      options: { ignoreIfExists: true },
      annotationId: "floeDbt.ask",
    });
    expect(shown.changeAnnotations?.["floeDbt.ask"]?.needsConfirmation).toBe(true);
  });
});
