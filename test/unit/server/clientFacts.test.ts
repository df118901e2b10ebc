import path from "node:path";
import { expect, test } from "vitest";
import type { InitializeParams } from "vscode-languageserver/node";
import { clientFacts } from "../../../server/clientFacts.ts";
import { uriOfPath } from "../../../server/platform/uri.ts";

/* eslint-disable @typescript-eslint/no-deprecated -- older clients send these fields */
const shop = path.resolve("/work/shop");
const other = path.resolve("/work/other");

test.each<[string, Partial<InitializeParams>, string[]]>([
  [
    "its folders",
    { workspaceFolders: [{ name: "shop", uri: uriOfPath(shop) }], rootUri: uriOfPath(other) },
    [shop],
  ],
  ["its root", { workspaceFolders: null, rootUri: uriOfPath(shop), rootPath: other }, [shop]],
  ["the path of its root", { rootUri: null, rootPath: shop }, [shop]],
  ["nothing", { rootUri: null, rootPath: null, workspaceFolders: [] }, []],
])("a client that names %s", (_name, params, folders) => {
  const facts = clientFacts({ processId: null, rootUri: null, capabilities: {}, ...params });
  expect(facts.folders).toEqual(folders);
});
