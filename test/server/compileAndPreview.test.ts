import { describe, expect, test } from "vitest";
import { type CodeLens, CodeLensRequest, LSPErrorCodes } from "vscode-languageserver/node";
import { compileTextRequest, previewRequest } from "../../protocol/requests.ts";
import type { CompiledText } from "../../protocol/run.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import { DbtExecutionError } from "../../server/plugins/errors.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { LspClient } from "../harness/lspClient.ts";
import { ScriptedPlugin } from "../harness/scriptedPlugin.ts";

interface Session extends AsyncDisposable {
  client: LspClient;
  plugin: ScriptedPlugin;
  project: TestProject;
}

async function started(options: { ownCommands?: boolean; settings?: unknown } = {}): Promise<Session> {
  const project = await dbtProject({ "models/saved.sql": "select 'saved'\n" });
  const plugin = new ScriptedPlugin();
  const client = await LspClient.start({
    folders: [project.dir],
    plugins: () => ({ local: () => plugin }),
    initializationOptions: { ownCommands: options.ownCommands ?? true, settings: options.settings },
  });
  return {
    client,
    plugin,
    project,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
    },
  };
}

describe("dbt/compileText", () => {
  test("the text in the editor, with the line each line comes from", async () => {
    await using session = await started();
    const { client, plugin, project } = session;
    plugin.script.compile = ({ text = "" }) => ({
      sql: text.replace("{{ columns() }}", "a,\nb"),
      uniqueId: "model.shop.m",
      name: "m",
      error: null,
    });
    const uri = await client.open(project.file("models/m.sql"), "select\n{{ columns() }}\nfrom t\n");
    const answer = await client.connection.sendRequest(compileTextRequest, { uri });
    expect(answer).toEqual({
      sql: "select\na,\nb\nfrom t\n",
      uniqueId: "model.shop.m",
      name: "m",
      error: null,
      sourceLines: [0, 1, 1, 2, 3],
    });
  });

  test("a file that is not open is read; a text that is given counts instead", async () => {
    await using session = await started();
    const uri = uriOfPath(session.project.file("models/saved.sql"));
    const compiled = async (params: { uri: string; text?: string }): Promise<CompiledText> =>
      session.client.connection.sendRequest(compileTextRequest, params);
    expect((await compiled({ uri })).sql).toBe("select 'saved'\n");
    expect((await compiled({ uri, text: "select 2" })).sql).toBe("select 2");
  });

  test("a template that does not compile is an answer", async () => {
    await using session = await started();
    const error = { message: "'x' is undefined", line: 1, column: 3 };
    session.plugin.script.compile = () => ({ sql: null, uniqueId: null, name: "m", error });
    const uri = await session.client.open(session.project.file("models/m.sql"), "{{ x() }}");
    const answer = await session.client.connection.sendRequest(compileTextRequest, { uri });
    expect(answer).toMatchObject({ sql: null, sourceLines: [], error });
  });

  test("a newer request of a document ends the older one, and no other document's", async () => {
    await using session = await started();
    const { client, plugin, project } = session;
    const held: (() => void)[] = [];
    plugin.script.compile = ({ text = "" }) =>
      new Promise((resolve) => {
        held.push(() => resolve({ sql: text, uniqueId: null, name: "", error: null }));
        client.nudge();
      });
    const first = await client.open(project.file("models/a.sql"), "select 1");
    const other = await client.open(project.file("models/b.sql"), "select 2");
    const ask = (uri: string) => client.connection.sendRequest(compileTextRequest, { uri });
    const old = expect(ask(first)).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
    const beside = ask(other);
    await client.change(first, "select 3");
    const newest = ask(first);
    await old;
    await client.waitFor("three requests", () => (held.length === 3 ? true : undefined));
    for (const release of held) release();
    expect((await beside).sql).toBe("select 2");
    expect((await newest).sql).toBe("select 3");
  });

  test("a file of no project, and an environment that cannot do it, are said", async () => {
    await using session = await started();
    const { client, plugin, project } = session;
    const outside = uriOfPath(`${project.dir}-elsewhere/a.sql`);
    await expect(client.connection.sendRequest(compileTextRequest, { uri: outside })).rejects.toThrow(
      "This file is in no dbt project of the workspace.",
    );
    plugin.capabilities.delete("compileNode");
    const uri = uriOfPath(project.file("models/saved.sql"));
    await expect(client.connection.sendRequest(compileTextRequest, { uri })).rejects.toThrow(
      "The local environment cannot compile the text of one file.",
    );
  });
});

describe("dbt/preview", () => {
  const text =
    "{{ config(x=1) }}\nwith a as (\n  select 1\n),\nb as (\n  select * from a\n)\nselect * from b\n";

  test("of the model, a selection, a CTE by name, and the CTE at the cursor", async () => {
    await using session = await started();
    const { client, plugin, project } = session;
    const asked: unknown[] = [];
    plugin.script.preview = (request) => {
      asked.push(request);
      const columns = [{ name: "n", type: "INTEGER" }];
      return { columns, rows: [[1], [2]], sql: request.text ?? "", seconds: 0.1 };
    };
    const path = project.file("models/m.sql");
    const uri = await client.open(path, text);
    const rows = (params: object) =>
      client.connection.sendRequest(previewRequest, { uri, limit: 2, ...params });
    const answer = await rows({});
    expect(answer).toMatchObject({ rows: [[1], [2]], limit: 2, limited: true, target: "dev", sql: text });
    expect((await rows({ limit: 3, selection: "select 7" })).limited).toBe(false);
    await rows({ cte: "a" });
    await rows({ cte: "", position: { line: 5, character: 4 } });
    const head = text.slice(0, text.indexOf(",\nb"));
    expect(asked).toEqual([
      { path, text, limit: 2 },
      { path, text: "select 7", fragment: true, limit: 3 },
      { path, text: `${head}\nselect * from a`, fragment: true, limit: 2 },
      { path, text: text.trimEnd(), fragment: true, limit: 2 },
    ]);
    await expect(rows({ cte: "" })).rejects.toThrow("There is no CTE at the cursor.");
    await expect(rows({ cte: "gone" })).rejects.toThrow("There is no CTE “gone” in this file any more.");
  });

  test("the warehouse's words come with the query and the line of the document", async () => {
    await using session = await started();
    const { client, plugin, project } = session;
    plugin.script.compile = ({ text: given = "" }) => ({
      sql: given.replace("{{ config(x=1) }}\n", ""),
      uniqueId: null,
      name: "",
      error: null,
    });
    plugin.script.preview = () => {
      throw new DbtExecutionError("Binder Error: no column\n\nLINE 2:   select * from a\n          ^");
    };
    const uri = await client.open(project.file("models/m.sql"), text);
    await expect(
      client.connection.sendRequest(previewRequest, { uri, limit: 5, cte: "b" }),
    ).rejects.toMatchObject({
      message: "Binder Error: no column\n\nLINE 2:   select * from a\n          ^",
      data: { kind: "execution", line: 5, sql: text.slice(text.indexOf("with")).trimEnd() },
    });
    const selection = { selection: "select * from a", position: { line: 5, character: 2 } };
    await expect(
      client.connection.sendRequest(previewRequest, { uri, limit: 5, ...selection }),
    ).rejects.toMatchObject({ data: { line: 5 } });
  });

  test("is cancelled by its request", async () => {
    await using session = await started();
    const { client, plugin, project } = session;
    const asked = Promise.withResolvers<undefined>();
    plugin.script.preview = () => {
      asked.resolve(undefined);
      return new Promise(() => undefined);
    };
    const uri = uriOfPath(project.file("models/saved.sql"));
    const { CancellationTokenSource } = await import("vscode-languageserver/node");
    const source = new CancellationTokenSource();
    const answer = client.connection.sendRequest(previewRequest, { uri, limit: 5 }, source.token);
    await asked.promise;
    source.cancel();
    await expect(answer).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
  });
});

describe("code lenses", () => {
  const lenses = async ({ client }: Session, uri: string): Promise<CodeLens[]> =>
    (await client.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } })) ?? [];

  test("above the model and each CTE, with what the command needs", async () => {
    await using session = await started();
    const { client, project } = session;
    expect(client.capabilities.codeLensProvider).toEqual({});
    const uri = await client.open(project.file("models/m.sql"), "with a as (\n  select 1\n)\nselect 1");
    const found = await lenses(session, uri);
    expect(found.map(({ range, command }) => [range.start, command])).toEqual([
      [
        { line: 0, character: 0 },
        { title: "Preview model", command: "floeDbt.previewModel", arguments: [uri] },
      ],
      [
        { line: 0, character: 5 },
        {
          title: "Preview a",
          command: "floeDbt.previewCte",
          arguments: [{ uri, cte: "a", position: { line: 0, character: 5 } }],
        },
      ],
    ]);
    const macro = await client.open(project.file("macros/m.sql"), "{% macro m() %}select 1{% endmacro %}");
    expect(await lenses(session, macro)).toEqual([]);
    const empty = await client.open(project.file("models/empty.sql"), "-- nothing yet\n");
    expect(await lenses(session, empty)).toEqual([]);
  });

  test("can be turned off, and are not offered to clients without the commands", async () => {
    await using off = await started({ settings: { preview: { codeLens: false } } });
    const uri = await off.client.open(off.project.file("models/m.sql"), "select 1");
    expect(await lenses(off, uri)).toEqual([]);
    await using other = await started({ ownCommands: false });
    expect(other.client.capabilities.codeLensProvider).toBeUndefined();
  });
});
