import { describe, expect, test } from "vitest";
import {
  ApplyWorkspaceEditRequest,
  ExecuteCommandRequest,
  type CodeAction,
  type CodeActionContext,
  type Range,
  type TextEdit,
} from "vscode-languageserver/node";
import type { LintIssue } from "../../protocol/lint.ts";
import { fixDocumentRequest, fixProjectRequest, statusRequest } from "../../protocol/requests.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { type ClientOptions, LspClient, modernCapabilities } from "../harness/lspClient.ts";
import { ScriptedPlugin } from "../harness/scriptedPlugin.ts";

const untidy = "select  1\nfrom  a\n";
const tidy = "select 1\nfrom a\n";

/** Two spaces in a row, with the edit that makes them one. */
function doubleSpaces(filePath: string, text: string): LintIssue[] {
  return text.split("\n").flatMap((line, index) => {
    const at = line.indexOf("  ");
    if (at === -1) return [];
    const place = { line: index + 1, column: at + 1, endLine: index + 1, endColumn: at + 3 };
    return [
      {
        filePath,
        ...place,
        severity: "warning",
        ruleCode: "LT01",
        ruleName: "layout.spacing",
        message: "Expected only single space.",
        docsUrl: "https://docs.sqlfluff.com/en/stable/perma/rule/LT01.html",
        source: "sqlfluff",
        fixable: true,
        edits: [{ ...place, newText: " " }],
      } satisfies LintIssue,
    ];
  });
}

interface Session extends AsyncDisposable {
  client: LspClient;
  plugin: ScriptedPlugin;
  uri: string;
  filePath: string;
  actions: (context?: Partial<CodeActionContext>, range?: Range) => Promise<CodeAction[]>;
  titled: (title: string | RegExp) => Promise<CodeAction>;
  resolve: (action: CodeAction) => Promise<CodeAction>;
}

const firstLine: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 9 } };

/** A project with one open file that has been linted. */
async function opened(
  project: TestProject,
  text = untidy,
  options: Partial<ClientOptions> = {},
): Promise<Session> {
  const plugin = new ScriptedPlugin();
  plugin.script.lint = ({ request, text: its }) => doubleSpaces(request.paths?.[0] ?? "", its);
  plugin.script.fix = ({ text: its }) => ({
    text: (its ?? "").replaceAll("\r\n", "\n").replaceAll("  ", " "),
  });
  const client = await LspClient.start({
    folders: [project.dir],
    plugins: () => ({ local: () => plugin }),
    ...options,
  });
  const filePath = project.file("models/a.sql");
  const uri = await client.open(filePath, text);
  await client.waitForDiagnostics(uri, () => true);
  const actions: Session["actions"] = (context = {}, range = firstLine) =>
    client.connection.sendRequest("textDocument/codeAction", {
      textDocument: { uri },
      range,
      context: { diagnostics: [], ...context },
    });
  return {
    client,
    plugin,
    uri,
    filePath,
    actions,
    titled: async (title) => {
      const all = await actions();
      const found = all.find((action) =>
        typeof title === "string" ? action.title === title : title.test(action.title),
      );
      if (!found)
        throw new Error(`No action ${String(title)} among: ${all.map((each) => each.title).join(", ")}`);
      return found;
    },
    resolve: (action) => client.connection.sendRequest("codeAction/resolve", action),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

describe("code actions", () => {
  test("this issue: its own edit, at once, preferred", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const action = await session.titled(/^Fix this LT01/);
    expect(action.isPreferred).toBe(true);
    expect(session.client.apply(action.edit)[session.filePath]).toBe("select 1\nfrom  a\n");
  });

  test("all of this rule: only that rule is asked for", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const rules: unknown[] = [];
    session.plugin.script.fix = (request) => {
      rules.push(request.rules);
      return { text: tidy };
    };
    const action = await session.resolve(await session.titled("Fix all LT01 in this file"));
    expect(session.client.apply(action.edit)[session.filePath]).toBe(tidy);
    expect(rules).toEqual([["LT01"]]);
  });

  test("all in the file, with the file's own line ends", async () => {
    await using project = await dbtProject();
    await using session = await opened(project, untidy.replaceAll("\n", "\r\n"));
    const action = await session.resolve(await session.titled("Fix all SQLFluff issues in this file"));
    expect(session.client.apply(action.edit)[session.filePath]).toBe(tidy.replaceAll("\n", "\r\n"));
  });

  test.each([
    ["source.fixAll", true],
    ["source.fixAll.floeDbt", true],
    ["source", true],
    ["source.fixAll.eslint", false],
    ["source.organizeImports", false],
    ["refactor", false],
  ])("asked for %s on save: fix-all is offered: %s", async (kind, isOffered) => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const actions = await session.actions({ only: [kind] });
    expect(actions.map((action) => action.kind)).toEqual(isOffered ? ["source.fixAll.floeDbt"] : []);
  });

  test("fix-all on save is complete at once for a client that cannot ask again", async () => {
    await using project = await dbtProject();
    await using session = await opened(project, untidy, { capabilities: { workspace: {} } });
    const [action] = await session.actions({ only: ["source.fixAll"] });
    expect(session.client.apply(action!.edit)[session.filePath]).toBe(tidy);
    // It cannot be sent an edit either.
    expect((await session.actions()).filter(({ title }) => title.startsWith("Fix all"))).toEqual([]);
  });

  test("all of a rule and all in the file are commands for a client that cannot ask again", async () => {
    await using project = await dbtProject();
    await using session = await opened(project, untidy, { capabilities: { workspace: { applyEdit: true } } });
    const { client, plugin, filePath } = session;
    const applied: unknown[] = [];
    client.connection.onRequest(ApplyWorkspaceEditRequest.type, ({ edit }) => {
      applied.push(client.apply(edit));
      return { applied: true };
    });
    const rules: unknown[] = [];
    plugin.script.fix = (request) => {
      rules.push(request.rules);
      return { text: tidy };
    };
    for (const title of ["Fix all LT01 in this file", "Fix all SQLFluff issues in this file"]) {
      const { command, ...offered } = await session.titled(title);
      expect(Object.keys(offered).toSorted()).toEqual(["diagnostics", "kind", "title"]);
      await client.connection.sendRequest(ExecuteCommandRequest.type, command!);
    }
    expect(rules).toEqual([["LT01"], undefined]);
    expect(applied).toEqual([{ [filePath]: tidy }, { [filePath]: tidy }]);
  });

  test("refused when the document has moved on, before or while the fix is worked out", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const action = await session.titled("Fix all SQLFluff issues in this file");
    const asked = Promise.withResolvers<undefined>();
    const answer = Promise.withResolvers<{ text: string }>();
    session.plugin.script.fix = () => {
      asked.resolve(undefined);
      return answer.promise;
    };
    const resolving = session.resolve(action);
    await asked.promise;
    await session.client.change(session.uri, "select  2\n");
    await session.client.connection.sendRequest(statusRequest, {});
    answer.resolve({ text: tidy });
    await expect(resolving).rejects.toThrow("The file has changed since");
    await expect(session.resolve(action)).rejects.toThrow("The file has changed since");
  });

  test("a file that does not parse is left alone", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    session.plugin.script.fix = () => ({ text: null, reason: "the file does not parse" });
    const action = await session.resolve(await session.titled("Fix all SQLFluff issues in this file"));
    expect(session.client.apply(action.edit)).toEqual({});
    expect(await session.client.connection.sendRequest(fixDocumentRequest, { uri: session.uri })).toEqual({
      edit: null,
      reason: "the file does not parse",
    });
  });

  test("disable for this line", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const action = await session.titled("Disable LT01 for this line");
    expect(session.client.apply(action.edit)[session.filePath]).toBe("select  1 -- noqa: LT01\nfrom  a\n");
  });

  test("exclude the rule: in a new .sqlfluff that keeps templater and dialect", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const action = await session.titled("Exclude rule LT01 in .sqlfluff");
    expect(action.edit?.documentChanges?.[0]).toMatchObject({ kind: "create" });
    expect(session.client.apply(action.edit)[project.file(".sqlfluff")]).toBe(
      "[sqlfluff]\ntemplater = dbt\ndialect = duckdb\nexclude_rules = LT01\n",
    );
  });

  test("exclude the rule: in the list that is there, comments kept", async () => {
    const config = "# ours\n[sqlfluff]\ndialect = duckdb\n; not these\nexclude_rules = CP01\n";
    await using project = await dbtProject({ ".sqlfluff": config });
    await using session = await opened(project);
    const action = await session.titled("Exclude rule LT01 in .sqlfluff");
    const texts = session.client.apply(action.edit, { [project.file(".sqlfluff")]: config });
    expect(texts[project.file(".sqlfluff")]).toBe(config.replace("CP01", "CP01, LT01"));
  });

  test("the rule's page is offered only where the client has the command", async () => {
    await using project = await dbtProject();
    await using other = await opened(project);
    expect((await other.actions()).some((action) => action.command)).toBe(false);
    await using vscode = await opened(project, untidy, { initializationOptions: { ownCommands: true } });
    const page = await vscode.titled("Open the page of LT01");
    expect(page.command).toMatchObject({
      command: "floeDbt.openRulePage",
      arguments: ["https://docs.sqlfluff.com/en/stable/perma/rule/LT01.html"],
    });
  });

  test("nothing is offered where there is no issue", async () => {
    await using project = await dbtProject();
    await using session = await opened(project, tidy);
    expect(await session.actions()).toEqual([]);
  });
});

describe("formatting", () => {
  const format = (session: Session, range?: Range): Promise<TextEdit[] | null> =>
    session.client.connection.sendRequest(
      range ? "textDocument/rangeFormatting" : "textDocument/formatting",
      {
        textDocument: { uri: session.uri },
        options: { tabSize: 4, insertSpaces: true },
        ...(range && { range }),
      },
    );

  test("the document: as `format`, with smallest edits", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const formats: unknown[] = [];
    session.plugin.script.fix = (request) => {
      formats.push(request.format);
      return { text: tidy };
    };
    const edits = await format(session);
    expect(edits).toHaveLength(2);
    expect(session.client.apply({ changes: { [session.uri]: edits ?? [] } })[session.filePath]).toBe(tidy);
    expect(formats).toEqual([true]);
  });

  test("a selection: only its lines", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const edits = await format(session, { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } });
    expect(session.client.apply({ changes: { [session.uri]: edits ?? [] } })[session.filePath]).toBe(
      "select  1\nfrom a\n",
    );
  });

  test("nothing for a file that does not parse, and the log says why", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    session.plugin.script.fix = () => ({ text: null, reason: "the file does not parse" });
    expect(await format(session)).toBeNull();
    await session.client.waitFor("a line in the log", () =>
      session.client.log.find((line) => line.includes("is not formatted: the file does not parse")),
    );
  });
});

describe("fixing a project", () => {
  test("open files in their version, closed ones without, each to be confirmed", async () => {
    await using project = await dbtProject({ "models/b.sql": untidy });
    await using session = await opened(project);
    const closed = project.file("models/b.sql");
    session.plugin.script.projectFiles = () => [session.filePath, closed];
    session.plugin.script.lint = () => [
      ...doubleSpaces(session.filePath, untidy),
      ...doubleSpaces(closed, untidy),
    ];
    const { edit, files } = await session.client.connection.sendRequest(fixProjectRequest, {});
    expect(files).toBe(2);
    expect(session.client.apply(edit, { [closed]: untidy })).toEqual({
      [session.filePath]: tidy,
      [closed]: tidy,
    });
    const versions = edit?.documentChanges?.map(
      (each) => "textDocument" in each && each.textDocument.version,
    );
    expect(versions).toEqual([1, null]);
    expect(Object.values(edit?.changeAnnotations ?? {}).map((each) => each.needsConfirmation)).toEqual([
      true,
      true,
    ]);
  });

  test("other editors: through workspace/executeCommand and workspace/applyEdit", async () => {
    await using project = await dbtProject();
    await using session = await opened(project);
    const applied: unknown[] = [];
    session.client.connection.onRequest(ApplyWorkspaceEditRequest.type, ({ edit }) => {
      applied.push(session.client.apply(edit));
      return { applied: true };
    });
    const run = (command: string, argument?: unknown): Promise<unknown> =>
      session.client.connection.sendRequest("workspace/executeCommand", { command, arguments: [argument] });
    expect(await run("floeDbt.fixFile", session.uri)).toEqual({ fixed: true });
    expect(applied).toEqual([{ [session.filePath]: tidy }]);
    session.plugin.script.projectFiles = () => [session.filePath];
    expect(await run("floeDbt.lintProject")).toMatchObject({ files: 1 });
    expect(await run("floeDbt.showDoctor")).toContain("# Floe dbt: Doctor");
    await expect(run("floeDbt.nothing")).rejects.toThrow("There is no command floeDbt.nothing.");
    await expect(run("floeDbt.lintProject", 7)).rejects.toThrow("takes a path or a file's URI");
  });

  test("no commands for a client that has its own", async () => {
    await using project = await dbtProject();
    await using session = await opened(project, untidy, {
      initializationOptions: { ownCommands: true },
      capabilities: modernCapabilities,
    });
    expect(session.client.capabilities.executeCommandProvider).toBeUndefined();
  });
});
