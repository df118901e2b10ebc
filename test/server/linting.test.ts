import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  createProtocolConnection,
  DiagnosticSeverity,
  ErrorCodes,
  FileChangeType,
  RequestType,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import type { LintIssue } from "../../protocol/lint.ts";
import { paramsSchemas } from "../../protocol/params.ts";
import * as requests from "../../protocol/requests.ts";
import { DbtLintError } from "../../server/plugins/errors.ts";
import type { PluginHost } from "../../server/server.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { type ClientOptions, LspClient, modernCapabilities, serverInProcess } from "../harness/lspClient.ts";
import { type LintCall, ScriptedPlugin } from "../harness/scriptedPlugin.ts";

const { lintDocumentRequest, lintProjectRequest } = requests;

/** An issue for every "BAD" of the text, its column counted in code points as linters do. */
function badWords({ request, text }: LintCall): LintIssue[] {
  const filePath = request.paths?.[0] ?? "";
  return text.split(/\r?\n/).flatMap((line, index) =>
    [...line.matchAll(/BAD/g)].map((match): LintIssue => ({
      filePath,
      line: index + 1,
      column: Array.from(line.slice(0, match.index)).length + 1,
      endLine: index + 1,
      endColumn: Array.from(line.slice(0, match.index)).length + 4,
      severity: "warning",
      ruleCode: "CP01",
      ruleName: "capitalisation.keywords",
      message: "Keywords must be consistently lower case.",
      docsUrl: "https://docs.sqlfluff.com/en/stable/perma/rule/CP01.html",
      source: "sqlfluff",
      fixable: true,
    })),
  );
}

async function started(
  project: TestProject,
  options: Partial<ClientOptions> = {},
): Promise<{ client: LspClient; plugin: ScriptedPlugin } & AsyncDisposable> {
  const plugin = new ScriptedPlugin();
  plugin.script.lint = badWords;
  const client = await LspClient.start({
    folders: [project.dir],
    plugins: () => ({ local: () => plugin }),
    ...options,
  });
  return { client, plugin, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

const settings = (section: unknown) => ({ initializationOptions: { settings: section } });

describe("diagnostics", () => {
  test("an opened file is linted, and each diagnostic has its range, source, code and page", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client } = session;
    const uri = await client.open(project.file("models/a.sql"), "select 1\nBAD\n");
    const [diagnostic] = await client.waitForDiagnostics(uri, (all) => all.length === 1);
    expect(diagnostic).toMatchObject({
      range: { start: { line: 1, character: 0 }, end: { line: 1, character: 3 } },
      severity: DiagnosticSeverity.Warning,
      source: "sqlfluff",
      code: "CP01",
      codeDescription: { href: "https://docs.sqlfluff.com/en/stable/perma/rule/CP01.html" },
      message: "Keywords must be consistently lower case.",
    });
  });

  test("columns after characters outside the basic plane are UTF-16", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client } = session;
    const uri = await client.open(project.file("models/a.sql"), "select '😀😀', BAD\r\n");
    const [diagnostic] = await client.waitForDiagnostics(uri, (all) => all.length === 1);
    expect(client.document(uri).getText(diagnostic!.range)).toBe("BAD");
  });

  test("unsaved text is linted as it is typed, with the version it is of", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client } = session;
    const uri = await client.open(project.file("models/a.sql"), "select 1\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 0);
    await client.change(uri, "BAD BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 2);
    expect(client.published.at(-1)?.version).toBe(2);
  });

  test("an answer to an older text is never shown", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client, plugin } = session;
    const first = Promise.withResolvers<LintIssue[]>();
    const calls: LintCall[] = [];
    plugin.script.lint = (call) => {
      calls.push(call);
      client.nudge();
      return calls.length === 1 ? first.promise : badWords(call);
    };
    const uri = await client.open(project.file("models/a.sql"), "BAD BAD BAD\n");
    await client.waitFor("the first lint", () => calls[0]);
    await client.change(uri, "BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    first.resolve(badWords(calls[0]!));
    await client.connection.sendRequest(lintDocumentRequest, { uri });
    expect(calls[0]!.signal?.aborted).toBe(true);
    expect(
      client.published.filter((each) => each.uri === uri).map((each) => each.diagnostics.length),
    ).not.toContain(3);
  });

  test("an early wave is shown before the rules have run", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client, plugin } = session;
    const rules = Promise.withResolvers<LintIssue[]>();
    const filePath = project.file("models/a.sql");
    const broken: LintIssue = {
      filePath,
      line: 1,
      column: 1,
      severity: "error",
      ruleCode: "PRS",
      message: "Line 1: unparsable section",
      source: "sqlfluff",
      fixable: false,
    };
    plugin.script.lint = ({ call }) => {
      call?.onEvent?.({ type: "lintWave", filePath, issues: [broken] });
      return rules.promise;
    };
    const uri = await client.open(filePath, "selec 1\n");
    await client.waitForDiagnostics(uri, (all) => all[0]?.code === "PRS");
    rules.resolve([broken, { ...broken, ruleCode: "CP01", severity: "warning", message: "more" }]);
    await client.waitForDiagnostics(uri, (all) => all.length === 2);
  });

  test("an engine's first look replaces its own kind in one file; the whole check replaces all; neither shows of an older text", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client, plugin } = session;
    plugin.capabilities.add("checkProject").add("lintUnsaved");
    const [a, b] = [project.file("models/a.sql"), project.file("models/b.sql")];
    const said = (filePath: string, ruleCode: string): LintIssue => ({
      filePath,
      line: 1,
      column: 1,
      severity: "error",
      ruleCode,
      message: "no",
      source: "dbt",
      fixable: false,
    });
    await project.write("models/b.sql", "select 2\n");
    const uri = await client.open(a, "select 1\n");
    const ofB = new URL(`file://${b}`).href;
    const codes = (its: string): unknown[] => client.diagnostics(its)?.map(({ code }) => code) ?? [];
    const glance = (call: LintCall, ...issues: LintIssue[]): void =>
      call.call?.onEvent?.({ type: "fileGlanced", filePath: a, issues, codes: new Set(["x1"]) });

    plugin.script.lint = ({ call }) => {
      call?.onEvent?.({ type: "projectChecked", issues: [said(a, "x1"), said(a, "x2"), said(b, "x1")] });
      return [];
    };
    await client.change(uri, "select 12\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 2);
    await client.waitForDiagnostics(ofB, (all) => all.length === 1);

    const whole = Promise.withResolvers<LintIssue[]>();
    const calls: LintCall[] = [];
    plugin.script.lint = (call) => {
      calls.push(call);
      if (calls.length === 1) glance(call);
      else call.call?.onEvent?.({ type: "projectChecked", issues: [said(a, "x3")] });
      return calls.length === 1 ? whole.promise : [];
    };
    await client.change(uri, "select 123\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    expect([codes(uri), codes(ofB)]).toEqual([["x2"], ["x1"]]);
    await client.change(uri, "select 1234\n");
    await client.waitForDiagnostics(uri, ([only]) => only?.code === "x3");
    await client.waitForDiagnostics(ofB, (all) => all.length === 0);
    glance(calls[0]!, said(a, "x1"));
    whole.resolve([]);
    await client.connection.sendRequest(lintDocumentRequest, { uri });
    expect(codes(uri)).toEqual(["x3"]);
  });

  test("results of a file survive closing it and end with its deletion", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client } = session;
    const filePath = await project.write("models/a.sql", "BAD\n");
    const uri = await client.open(filePath, "BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    await client.close(uri);
    await client.connection.sendRequest(lintDocumentRequest, { uri });
    expect(client.diagnostics(uri)).toHaveLength(1);
    await rm(filePath);
    await client.filesChanged({ [filePath]: FileChangeType.Deleted });
    await client.waitForDiagnostics(uri, (all) => all.length === 0);
  });

  test("a file that is closed has the issues of what is saved, not of what was discarded or not looked at yet", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client, plugin } = session;
    const filePath = await project.write("models/a.sql", "BAD\n");
    plugin.script.lint = (call) =>
      badWords({ ...call, text: call.request.texts?.get(filePath) ?? readFileSync(filePath, "utf8") });
    const uri = await client.open(filePath, "select 1\nBAD BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 2);
    await client.close(uri);
    await client.waitForDiagnostics(uri, (all) => all.length === 1);

    await client.open(filePath, "BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    await client.change(uri, "good\n");
    await project.write("models/a.sql", "good\n");
    await client.close(uri);
    await client.waitForDiagnostics(uri, (all) => all.length === 0);
  });

  test("results end with the renaming of the file's folder", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client } = session;
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    await client.close(uri);
    const folder = (name: string): string => new URL(`file://${project.file(name)}`).href;
    await client.connection.sendNotification("workspace/didRenameFiles", {
      files: [{ oldUri: folder("models"), newUri: folder("moved") }],
    });
    await client.waitForDiagnostics(uri, (all) => all.length === 0);
  });

  test("only files of the disk that belong to a project are linted", async () => {
    await using project = await dbtProject({ "dbt_packages/p/models/b.sql": "BAD\n" });
    await using session = await started(project);
    const { client, plugin } = session;
    await client.openUri("untitled:Untitled-1", "BAD\n");
    await client.openUri(`git:${project.file("models/a.sql")}`, "BAD\n");
    await client.open(`${project.dir}-elsewhere/a.sql`, "BAD\n");
    await client.open(project.file("dbt_packages/p/models/b.sql"), "BAD\n");
    await client.open(project.file("README.md"), "BAD\n", "markdown");
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    expect(plugin.lints.map((lint) => lint.request.paths)).toEqual([[project.file("models/a.sql")]]);
  });

  test("pulled by clients that ask, and then not pushed", async () => {
    await using project = await dbtProject();
    const capabilities = {
      ...modernCapabilities,
      textDocument: { ...modernCapabilities.textDocument, diagnostic: {} },
    };
    await using session = await started(project, { capabilities });
    const { client } = session;
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    await client.change(uri, "BAD BAD\n");
    const pull = (previousResultId?: string) =>
      client.connection.sendRequest<{ kind: string; items?: unknown[]; resultId?: string }>(
        "textDocument/diagnostic",
        {
          textDocument: { uri },
          previousResultId,
        },
      );
    const report = await pull();
    expect(report.items).toHaveLength(2);
    expect(await pull(report.resultId)).toEqual({ kind: "unchanged", resultId: report.resultId });
    expect(client.diagnostics(uri)).toBeUndefined();
  });

  test("pushed to a client that could ask but shows project lints in its own way", async () => {
    await using project = await dbtProject();
    const capabilities = { ...modernCapabilities, textDocument: { diagnostic: {} } };
    await using session = await started(project, {
      capabilities,
      initializationOptions: { ownCommands: true },
    });
    const { client } = session;
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    expect(client.capabilities.diagnosticProvider).toBeUndefined();
  });
});

describe("when to lint", () => {
  test("onSave: typing lints nothing, saving does", async () => {
    await using project = await dbtProject();
    await using session = await started(project, settings({ lint: { run: "onSave" } }));
    const { client, plugin } = session;
    const uri = await client.open(project.file("models/a.sql"), "select 1\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 0);
    await client.change(uri, "BAD\n");
    await client.save(uri);
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    expect(plugin.lints).toHaveLength(2);
  });

  test("manual: only when asked for", async () => {
    await using project = await dbtProject();
    await using session = await started(project, settings({ "lint.run": "manual" }));
    const { client, plugin } = session;
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    await client.save(uri);
    const summary = await client.connection.sendRequest(lintDocumentRequest, { uri });
    expect(summary).toMatchObject({ files: 1, warnings: 1 });
    expect(plugin.lints).toHaveLength(1);
    expect(client.diagnostics(uri)).toHaveLength(1);
  });

  test("scope project: closed files are linted in the background, open ones with their text", async () => {
    await using project = await dbtProject({ "models/a.sql": "x\n", "models/b.sql": "x\nBAD\n" });
    const plugin = new ScriptedPlugin();
    plugin.script.projectFiles = () => [project.file("models/b.sql")];
    plugin.script.lint = (call) =>
      badWords({ ...call, text: "x\nBAD\n", request: { paths: [project.file("models/b.sql")] } });
    await using session = await started(project, {
      plugins: () => ({ local: () => plugin }),
      ...settings({ lint: { scope: "project" } }),
    });
    const { client } = session;
    const uri = new URL(`file://${project.file("models/b.sql")}`).href;
    const [diagnostic] = await client.waitForDiagnostics(uri, (all) => all.length === 1);
    expect(diagnostic!.range.start.line).toBe(1);
    expect(plugin.lints[0]?.request).toMatchObject({ interactive: false });
  });

  test("severities are mapped by the settings, and asked for again when they change", async () => {
    await using project = await dbtProject();
    let section: unknown = { lint: { severity: { "CP*": "hint" } } };
    await using session = await started(project, { configuration: () => section });
    const { client } = session;
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    await client.waitForDiagnostics(uri, (all) => all[0]?.severity === DiagnosticSeverity.Hint);
    section = { lint: { severity: { "CP*": "hint", CP01: "error" } } };
    await client.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await client.waitForDiagnostics(uri, (all) => all[0]?.severity === DiagnosticSeverity.Error);
    section = { lint: { severity: { "capitalisation.*": "off" } } };
    await client.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await client.waitForDiagnostics(uri, (all) => all.length === 0);
  });
});

describe("when linting fails", () => {
  test("the status says so once, with what to do, and recovers", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client, plugin } = session;
    const remedy = { title: "Restart", command: "floeDbt.restartServer" };
    plugin.script.lint = () => Promise.reject(new DbtLintError("The worker crashed.", { remedy }));
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    const [status] = await client.waitForStatus(([its]) => its?.state === "failed");
    expect(status).toMatchObject({ reason: "The worker crashed.", remedy });
    plugin.script.lint = badWords;
    await client.change(uri, "BAD BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 2);
    await client.waitForStatus(([its]) => its?.state !== "failed");
  });

  test("a changed configuration has its say on what is open, though what is closed cannot be linted", async () => {
    await using project = await dbtProject({ "models/closed.sql": "x\n" });
    const plugin = new ScriptedPlugin();
    plugin.script.lint = badWords;
    let host: PluginHost | undefined;
    await using session = await started(project, {
      ...settings({ lint: { scope: "project" } }),
      plugins: (its) => {
        host = its;
        return { local: () => plugin };
      },
    });
    const { client } = session;
    const closed = project.file("models/closed.sql");
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 1);
    host?.onStatus(project.dir, { state: "ready" });
    plugin.script.lint = ({ request }) =>
      request.paths?.includes(closed) === true
        ? Promise.reject(new DbtLintError("The worker crashed."))
        : badWords({ ...plugin.lints.at(-1)!, text: "BAD BAD\n" });
    await client.filesChanged({
      [closed]: FileChangeType.Changed,
      [project.file(".sqlfluff")]: FileChangeType.Changed,
    });
    await client.waitForDiagnostics(uri, (all) => all.length === 2);
    plugin.script.lint = () => Promise.reject(new DbtLintError("The worker crashed again."));
    await client.filesChanged({ [closed]: FileChangeType.Changed });
    await client.waitForStatus(([its]) => its?.reason === "The worker crashed again.");
  });

  test("a command is answered in a person's words", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client, plugin } = session;
    plugin.script.lint = () => Promise.reject(new DbtLintError("The worker crashed."));
    const summary = await client.connection.sendRequest(lintProjectRequest, { projectDir: project.dir });
    expect(summary.failures).toEqual(["shop: The worker crashed."]);
    await expect(
      client.connection.sendRequest(lintProjectRequest, { projectDir: "/nowhere" }),
    ).rejects.toThrow("There is no dbt project in /nowhere");
  });

  test("what a request is called with is checked, key by key, and the wrong key is named", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { connection } = session.client;
    const { pythonInterpreterRequest, secretRequest, confirmTriggerRequest, ...others } = requests;
    const askedOfClient = [pythonInterpreterRequest, secretRequest, confirmTriggerRequest];
    expect(askedOfClient.filter(({ method }) => paramsSchemas.has(method))).toEqual([]);
    const answered = Object.values(others).flatMap((each) =>
      each instanceof RequestType ? [each.method] : [],
    );
    expect(answered.toSorted()).toEqual([...paramsSchemas.keys()].toSorted());
    for (const [method, { shape }] of paramsSchemas) {
      for (const key of Object.keys(shape)) {
        const call = connection.sendRequest(method, { [key]: { wrong: true } });
        await expect(call, `${method}, ${key}`).rejects.toMatchObject({
          code: ErrorCodes.InvalidParams,
          message: expect.stringMatching(new RegExp(` ${key}[.:]`)) as string,
        });
      }
    }
    await expect(connection.sendRequest("dbt/getNode", {})).rejects.toThrow("a uri or a uniqueId is needed");
    await expect(connection.sendRequest("dbt/getTree", ["a"])).rejects.toMatchObject({
      code: ErrorCodes.InvalidParams,
    });
  });

  test("what is asked before the server is initialized is refused as that; what nobody knows, as that", async () => {
    const { streams, server } = serverInProcess({}, () => ({}));
    const early = createProtocolConnection(
      new StreamMessageReader(streams.fromServer),
      new StreamMessageWriter(streams.toServer),
    );
    early.listen();
    await expect(early.sendRequest("textDocument/hover", {})).rejects.toMatchObject({
      code: ErrorCodes.ServerNotInitialized,
    });
    early.dispose();
    await server[Symbol.asyncDispose]();
    await using project = await dbtProject();
    await using session = await started(project);
    await expect(session.client.connection.sendRequest("nobody/knows", {})).rejects.toMatchObject({
      code: ErrorCodes.MethodNotFound,
    });
  });

  test("a bug in a handler costs one answer and not the server", async () => {
    await using project = await dbtProject();
    await using session = await started(project);
    const { client, plugin } = session;
    plugin.script.lint = () => {
      throw new TypeError("undefined is not a function");
    };
    const uri = await client.open(project.file("models/a.sql"), "BAD\n");
    await expect(client.connection.sendRequest(lintDocumentRequest, { uri })).rejects.toThrow(
      "a mistake in Floe dbt itself",
    );
    plugin.script.lint = badWords;
    await client.change(uri, "BAD BAD\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 2);
  });
});
