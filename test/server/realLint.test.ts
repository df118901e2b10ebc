import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CodeAction, FileChangeType, type TextEdit } from "vscode-languageserver/node";
import type { ManifestInfo } from "../../protocol/manifest.ts";
import {
  fixDocumentRequest,
  fixProjectRequest,
  lintProjectRequest,
  manifestChangedNotification,
  nodeRequest,
  treeRequest,
} from "../../protocol/requests.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";
import { testPython } from "../harness/environment.ts";
import { type BuiltProduct, buildProduct } from "../harness/builtProduct.ts";
import { manifestText, model } from "../harness/manifestFile.ts";
import { openServer, type OpenedServer } from "./builtServer.ts";

const run = promisify(execFile);
let product: BuiltProduct;
const untidy = "SELECT\n    id,\n    amount  AS Total\nfrom {{ ref('a') }}\n";

/** What `sqlfluff fix` leaves of a file, run as a person would. */
async function fixedBySqlfluff(project: TestProject, file: string, text: string): Promise<string> {
  await writeFile(project.file(file), text);
  const sqlfluff = path.join(path.dirname(testPython()), "sqlfluff");
  await run(sqlfluff, ["fix", "--quiet", "--dialect", "duckdb", "--templater", "dbt", file], {
    cwd: project.dir,
    env: { ...process.env, DBT_PROFILES_DIR: project.dir },
  });
  return await readFile(project.file(file), "utf8");
}

/** The Project view of a folder dbt never ran in: with nothing in the user's target/. */
async function filledByItself({ client }: OpenedServer, project: TestProject): Promise<void> {
  let live: ManifestInfo | undefined;
  client.connection.onNotification(manifestChangedNotification, (info) => {
    if (info.origin === "live") live = info;
    client.nudge();
  });
  const info = await client.waitFor("the live manifest", () => live);
  expect(info).toMatchObject({ state: "ready", stale: false, counts: { model: 4, seed: 1, source: 1 } });
  expect(await readdir(project.dir)).not.toContain("target");
}

describe("the built server with real dbt and SQLFluff", () => {
  beforeAll(async () => {
    product = await buildProduct();
  });
  afterAll(() => product[Symbol.asyncDispose]());

  test("starts nothing before a file is opened where a manifest is there, then shows SQLFluff's issues of the unsaved text", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "models/d.sql": "select 1 as one\n",
      "macros/late.sql": "{% macro late() %}1{% endmacro %}\n",
      "target/manifest.json": manifestText({ nodes: [model("models/a.sql")] }),
    });
    await using session = await openServer(product, project);
    const { client } = session;
    let manifests: ManifestInfo[] = [];
    client.connection.onNotification(manifestChangedNotification, (info) => {
      manifests.push(info);
      client.nudge();
    });
    const manifestCatchesUp = () =>
      client.waitFor("a manifest that is behind, and then one that is not", () => {
        const behind = manifests.findIndex(({ stale }) => stale);
        return behind >= 0 && manifests.slice(behind).some(({ stale }) => !stale) ? true : undefined;
      });
    const parents = async (): Promise<string[] | undefined> => {
      const where = { projectDir: project.dir, uniqueId: "model.shop.d" };
      return (await client.connection.sendRequest(nodeRequest, where))?.parents;
    };
    const save = async (file: string, text: string): Promise<void> => {
      manifests = [];
      await client.filesChanged({ [await project.write(file, text)]: FileChangeType.Changed });
    };
    await client.connection.sendRequest(treeRequest, { projectDir: project.dir, grouping: "folder" });
    const [idle] = await client.waitForStatus((all) => all.length === 1);
    expect(idle).toMatchObject({ projectName: "shop", state: "idle", runtime: "local", target: "dev" });

    const uri = await client.open(project.file("models/d.sql"), untidy);
    const diagnostics = await client.waitForDiagnostics(uri, (all) => all.length > 0);
    const codes = diagnostics.map(({ code, source }) => `${source ?? ""} ${code ?? ""}`);
    expect(codes).toContain("sqlfluff CP01");
    expect(codes).toContain("sqlfluff LT01");
    await client.waitForStatus(([its]) => its?.state === "ready");

    await client.change(uri, "select {{ nothing_of_that_name() }}\n");
    const [failure] = await client.waitForDiagnostics(uri, (all) => all.some((each) => each.severity === 1));
    expect(failure?.range.start.line).toBe(0);

    await client.change(uri, "select {{ late() }} as id from {{ ref('a') }}\n");
    await client.waitForDiagnostics(uri, (all) => all.length === 0);

    // What is saved is in the index, and in the issues of open files, without being asked for.
    await client.waitFor("dbt's manifest", () => manifests.find(({ origin }) => origin === "live"));
    expect(await parents()).toEqual([]);
    await save("models/d.sql", "select id from {{ ref('a') }}\n");
    await manifestCatchesUp();
    expect(await parents()).toEqual(["model.shop.a"]);
    // Nothing but SQL: dbt need not read it, and the manifest is not behind for it.
    await save("models/d.sql", "select id as other from {{ ref('a') }}\n");
    await manifestCatchesUp();
    await save("macros/late.sql", "{% macro late() %}{{ nothing() if execute }}{% endmacro %}\n");
    await client.waitForDiagnostics(uri, ([first]) => first?.severity === 1);
  });

  test("fix-all ends in exactly the text `sqlfluff fix` leaves, and CRLF stays CRLF", async () => {
    await using project = await dbtProject({ ...threeModels, "models/d.sql": "select 1 as one\n" });
    await using session = await openServer(product, project);
    const { client } = session;
    const filePath = project.file("models/d.sql");
    await filledByItself(session, project);
    const uri = await client.open(filePath, untidy.replaceAll("\n", "\r\n"));
    await client.waitForDiagnostics(uri, (all) => all.length > 0);
    const { edit } = await client.connection.sendRequest(fixDocumentRequest, { uri });
    const ours = client.apply(edit)[filePath]!;
    const theirs = await fixedBySqlfluff(project, "models/d.sql", untidy);
    expect(ours).toBe(theirs.replaceAll("\n", "\r\n"));

    const actions = await client.connection.sendRequest<CodeAction[]>("textDocument/codeAction", {
      textDocument: { uri },
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      context: { diagnostics: [], only: ["source.fixAll"] },
    });
    expect(actions.map((action) => action.kind)).toEqual(["source.fixAll.floeDbt"]);
    const action = await client.connection.sendRequest<CodeAction>("codeAction/resolve", actions[0]);
    expect(client.apply(action.edit)[filePath]).toBe(ours);

    const edits = await client.connection.sendRequest<TextEdit[]>("textDocument/formatting", {
      textDocument: { uri },
      options: { tabSize: 4, insertSpaces: true },
    });
    expect(client.apply({ changes: { [uri]: edits } })[filePath]).toMatch(/amount AS total\r\nFROM /i);
  });

  test("the whole project is linted and fixed, open and closed files alike", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "models/d.sql": untidy,
      "models/e.sql": untidy,
    });
    await using session = await openServer(product, project);
    const { client } = session;
    const uri = await client.open(project.file("models/d.sql"), untidy);
    const summary = await client.connection.sendRequest(lintProjectRequest, { projectDir: project.dir });
    expect(summary).toMatchObject({ files: 5, failures: [] });
    expect(summary.warnings).toBeGreaterThan(0);
    const { edit, files } = await client.connection.sendRequest(fixProjectRequest, {});
    expect(files).toBe(2);
    const texts = client.apply(edit, { [project.file("models/e.sql")]: untidy });
    expect(texts[project.file("models/d.sql")]).toBe(texts[project.file("models/e.sql")]);
    expect(edit?.documentChanges?.map((each) => "textDocument" in each && each.textDocument)).toContainEqual({
      uri,
      version: 1,
    });
    expect(Object.values(edit?.changeAnnotations ?? {}).every((each) => each.needsConfirmation)).toBe(true);
  });

  test("a Python that is not there is said in the status, with what to do", async () => {
    await using project = await dbtProject(threeModels);
    await using session = await openServer(product, project, {
      python: path.join(project.dir, "no", "python"),
    });
    const { client } = session;
    await client.open(project.file("models/a.sql"), untidy);
    const [status] = await client.waitForStatus(([its]) => its?.state === "failed");
    expect(status?.reason).toContain(path.join(project.dir, "no", "python"));
    expect(status?.remedy).toBeDefined();
  });
});
