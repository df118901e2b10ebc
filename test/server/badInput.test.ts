import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DefinitionRequest, FileChangeType } from "vscode-languageserver/node";
import {
  compileTextRequest,
  doctorRequest,
  lintProjectRequest,
  manifestChangedNotification,
  previewRequest,
  runChangedNotification,
  startRunRequest,
} from "../../protocol/requests.ts";
import type { ManifestInfo } from "../../protocol/manifest.ts";
import type { RunHead } from "../../protocol/run.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import { type BuiltProduct, buildProduct } from "../harness/builtProduct.ts";
import {
  dbtProject,
  dbtProjectYml,
  type Files,
  profilesYml,
  type TestProject,
  threeModels,
} from "../harness/dbtProject.ts";
import { pythonEnvironment } from "../worker/environments.ts";
import { openServer, type OpenedServer, type OpenOptions } from "./builtServer.ts";

/**
 * What a user meets who gives the product bad input: through the built server, with real dbt and SQLFluff. Each case says
 * which message, in which file and line, what the status says, and what mends it.
 */
let product: BuiltProduct;
beforeAll(async () => {
  product = await buildProduct();
});
afterAll(() => product[Symbol.asyncDispose]());

/** SQLFluff has one thing to say of it, with and without dbt. */
const untidy = "SELECT 1 as one\n";
const untidyIssue = "1:10 warning CP01 Keywords must be consistently upper case.";
const d = "models/d.sql";
const showProblems = "workbench.actions.view.problems";
const setUp = "floeDbt.setUpEnvironment";
const never = "This bracket or brace is never closed.";

const shopFiles = (files: Files): Files => ({ ...threeModels, [d]: untidy, ...files });
const shop = (files: Files = {}, folder?: string) => dbtProject(shopFiles(files), folder);

async function opened(project: TestProject, options?: OpenOptions, text = untidy): Promise<OpenedServer> {
  const server = await openServer(product, project, options);
  await server.client.open(path.join(options?.folder ?? project.dir, d), text);
  return server;
}

/** Everything that was ever shown, told or logged, for what must not be in it. */
const allOf = ({ client }: OpenedServer): string =>
  JSON.stringify([client.published, client.statuses, client.log]);

interface Mistake {
  name: string;
  files: Files;
  /** What is shown, by file. */
  shows: Record<string, string>;
  reason: string;
  remedy?: string;
}

const yamlMistakes: Mistake[] = [
  {
    name: "broken dbt_project.yml",
    files: { "dbt_project.yml": "name: shop\nprofile: shop\nmodels:\n  shop: [oops\n" },
    shows: { "dbt_project.yml": `4:9 error yaml-syntax ${never}` },
    reason: `${never} (<shop>/dbt_project.yml, line 4)`,
  },
  {
    name: "broken profiles.yml, whose password is quoted nowhere",
    files: {
      "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, password: geheim42\n",
    },
    shows: { "profiles.yml": `4:10 error yaml-syntax ${never}` },
    reason: `${never} (<shop>/profiles.yml, line 4)`,
  },
  {
    name: "broken packages.yml",
    files: { "packages.yml": "packages:\n  - package: [x\n" },
    shows: { "packages.yml": `2:14 error yaml-syntax ${never}` },
    reason: `${never} (<shop>/packages.yml, line 2)`,
  },
  {
    name: "broken manifest.yaml, which dbt does not read",
    files: { "manifest.yaml": "plugins:\n  dbt_runtime: [local\n" },
    shows: { "manifest.yaml": `2:16 error yaml-syntax ${never}` },
    reason: `${never} (<shop>/manifest.yaml, line 2)`,
  },
  {
    name: "broken floe.yaml, which dbt does not read",
    files: { "floe.yaml": 'name: "shop\ntransforms: []\n' },
    shows: { "floe.yaml": "1:7 error yaml-syntax This quote is never closed." },
    reason: "This quote is never closed. (<shop>/floe.yaml, line 1)",
  },
  {
    name: "broken YAML beside the models, found by dbt alone",
    files: { "models/schema.yml": "version: 2\nmodels:\n  - name: a\n   description: x\n" },
    shows: {
      "models/schema.yml":
        "4:1 error dbt Parsing Error Error reading shop: schema.yml - Runtime Error Syntax error near line 4: while parsing a block collection",
    },
    reason:
      "Parsing Error Error reading shop: schema.yml - Runtime Error Syntax error near line 4: while parsing a block collection",
  },
];

const wrongNames: Mistake[] = [
  {
    name: "unknown profile",
    files: { "dbt_project.yml": dbtProjectYml.replace("profile: shop", "profile: nope") },
    shows: {
      "dbt_project.yml":
        '3:10 error unknown-profile There is no profile "nope" in <shop>/profiles.yml. It has: shop.',
    },
    reason:
      'There is no profile "nope" in <shop>/profiles.yml. It has: shop. (<shop>/dbt_project.yml, line 3)',
  },
  {
    name: "packages that are not installed",
    files: { "packages.yml": "packages:\n  - local: ../extra\n" },
    shows: {},
    reason: "package(s) specified in packages.yml, but only 0 package(s) installed",
    remedy: "floeDbt.installPackages",
  },
  {
    name: "an environment variable that is not set",
    files: {
      "profiles.yml": profilesYml.replace("env_var('SHOP_DUCKDB', 'shop.duckdb')", "env_var('SHOP_NOWHERE')"),
    },
    shows: {
      "profiles.yml": "6:13 error missing-env-var The environment variable SHOP_NOWHERE is not set. Set it",
    },
    reason: "The environment variable SHOP_NOWHERE is not set. Set it",
  },
  {
    name: "an adapter that is not installed",
    files: { "profiles.yml": profilesYml.replace("type: duckdb", "type: postgres") },
    shows: {
      "profiles.yml":
        "5:1 error dbt The profile's target is of type postgres, and dbt-postgres is not installed in ",
    },
    reason: "The profile's target is of type postgres, and dbt-postgres is not installed in ",
    remedy: setUp,
  },
];

const wrongSql: Mistake[] = [
  {
    name: "a binary file with the name of a model",
    files: { "models/bin.sql": Buffer.from([0, 1, 2, 255, 254, 0, 80, 75, 3, 4, 200]) },
    shows: { "models/bin.sql": "1:1 error dbt dbt cannot read bin.sql: it is not UTF-8 text" },
    reason: "dbt cannot read bin.sql: it is not UTF-8 text",
  },
];

/** Told in the order in which dbt reads all of it. */
const fromTheStart: Mistake[] = [
  {
    name: "models that need each other",
    files: { "models/a.sql": "select * from {{ ref('c') }}\n" },
    shows: {
      "models/c.sql": "1:1 error dbt dbt cannot compile this project: found a cycle: c --> b --> a --> c",
    },
    reason: "dbt cannot compile this project: found a cycle: c --> b --> a --> c",
  },
];

describe("a project that dbt cannot read is linted without it, and says where the mistake is", () => {
  /** One server sees one mistake after another being made in its project: each start of Python costs seconds. */
  let shared: { project: TestProject; server: OpenedServer } | undefined;
  afterAll(async () => {
    await shared?.server[Symbol.asyncDispose]();
    await shared?.project[Symbol.asyncDispose]();
  });

  async function made(files: Files): Promise<{ project: TestProject; server: OpenedServer }> {
    if (!shared) {
      const project = await shop(files);
      return (shared = { project, server: await opened(project) });
    }
    const { project, server } = shared;
    const changed = (await project.remake(shopFiles(files))).map(
      (file) => [file, existsSync(file) ? FileChangeType.Changed : FileChangeType.Deleted] as const,
    );
    await server.client.filesChanged(Object.fromEntries(changed));
    return shared;
  }

  async function isShown(
    { shows, reason, remedy }: Mistake,
    { project, server }: { project: TestProject; server: OpenedServer },
  ): Promise<void> {
    const here = (text: string): string => text.replaceAll("<shop>", project.dir);
    const [status] = await server.client.waitForStatus(
      ([its]) => its?.state === "degraded" && its.reason?.includes(here(reason)) === true,
    );
    expect(status?.remedy?.command).toBe(remedy ?? showProblems);
    for (const [file, text] of Object.entries(shows)) {
      expect((await server.showing(file, here(text))).length).toBeGreaterThan(0);
    }
    // What is typed now is linted in this state.
    const uri = uriOfPath(project.file(d));
    await server.client.change(uri, untidy);
    const { version } = server.client.document(uri);
    await server.client.waitFor(`issues of version ${version}`, () =>
      server.client.published.findLast((params) => params.uri === uri && params.version === version),
    );
    await server.showing(d, "CP01");
    expect(server.shown(d)).toEqual([untidyIssue]);
    expect(allOf(server)).not.toContain("geheim42");
  }

  test.each([...yamlMistakes, ...wrongNames, ...wrongSql])("$name", async (mistake) => {
    await isShown(mistake, await made(mistake.files));
  });

  test.each(fromTheStart)("$name, from the start", async (mistake) => {
    await using project = await shop(mistake.files);
    await using server = await opened(project, { storageDir: path.join(project.dir, "..", "storage") });
    await isShown(mistake, { project, server });
  });

  test("an unknown target in the settings", async () => {
    await using project = await shop();
    await using server = await opened(project, { settings: { target: "prod" } });
    const words =
      'Profile "shop" in <shop>/profiles.yml has no target "prod" (setting floeDbt.target). It has: dev, other.';
    const mistake = {
      shows: { "dbt_project.yml": `3:10 error unknown-target ${words}` },
      reason: `${words} (<shop>/dbt_project.yml, line 3)`,
    };
    await isShown({ name: "", files: {}, ...mistake }, { project, server });
  });

  test.each([
    ["[sqlfluff]\nrules = CP01\ndialect = klingon\n", 3, "it names the dialect 'klingon'"],
    ["[sqlfluff\ndialect = duckdb\n", 1, "it cannot be read: File contains no section headers."],
  ])("SQLFluff's configuration: %j", async (config, line, words) => {
    const { project, server } = await made({ ".sqlfluff": config });
    const [shown] = await server.showing(".sqlfluff", words);
    expect(shown).toMatch(new RegExp(`^${line}:1 error `));
    const [status] = await server.client.waitForStatus(([its]) => its?.state === "failed");
    expect(status).toMatchObject({ state: "failed", remedy: { command: showProblems } });
    expect(status?.reason).toContain(project.file(".sqlfluff"));
  });

  test("a mistake that is mended is forgotten: the project is read again and is ready", async () => {
    const { project, server } = await made({ "models/schema.yml": "version: 2\nmodels: [\n" });
    await server.showing("models/schema.yml", "error dbt");
    await project.write("models/schema.yml", threeModels["models/schema.yml"]!);
    await server.client.filesChanged({ [project.file("models/schema.yml")]: 2 });
    await server.client.waitForStatus(([its]) => its?.state === "ready");
    const schema = uriOfPath(project.file("models/schema.yml"));
    await server.client.waitForDiagnostics(schema, (all) => all.length === 0);
  });

  test("no dbt_project.yml: nothing is started, and the doctor says there is none", async () => {
    await using project = await shop({ "dbt_project.yml": null });
    await using server = await opened(project);
    const { markdown, projects } = await server.client.connection.sendRequest(doctorRequest, {});
    expect(projects).toEqual([]);
    expect(markdown).toContain("There is no dbt project in this workspace.");
    expect(server.client.statuses).toEqual([]);
    expect(server.client.log.filter((line) => line.includes("Python"))).toEqual([]);
  });
});

describe("an environment in which not all is there says what is missing, and sets it up", () => {
  test("no Python: every place that was looked into is named", async () => {
    await using project = await shop();
    await using server = await opened(project, {
      python: "",
      env: { PATH: project.file("nothing"), VIRTUAL_ENV: "", CONDA_PREFIX: "", HOME: project.dir },
    });
    const status = await server.settled();
    expect(status).toMatchObject({ state: "failed", remedy: { command: setUp } });
    expect(status.reason).toMatch(/^No Python was found for this project\. Looked for: /);
    expect(status.reason).toContain(`.venv, venv and env of ${project.dir}`);
    for (const place of ["VIRTUAL_ENV", "Poetry", "dbt on PATH", "Python on PATH"]) {
      expect(status.reason).toContain(place);
    }
  });

  test.each([
    ["no dbt", /^dbt/, {}, "degraded", "dbt-core is not installed in <python>."],
    ["neither", /^(dbt|sqlfluff)/, {}, "failed", "Neither dbt-core nor SQLFluff is installed in <python>."],
    [
      "no templater",
      /^sqlfluff_templater_dbt/,
      {},
      "degraded",
      "sqlfluff 4.4.0 has no sqlfluff-templater-dbt beside it, which it needs to understand dbt.",
    ],
    [
      "a pair that does not fit",
      /^sqlfluff_templater_dbt-/,
      {
        "sqlfluff_templater_dbt-1.2.0.dist-info/METADATA":
          "Metadata-Version: 2.1\nName: sqlfluff-templater-dbt\nVersion: 1.2.0\n",
      },
      "degraded",
      "sqlfluff 4.4.0 and sqlfluff-templater-dbt 1.2.0 do not fit: they must be the same version",
    ],
  ])("%s", async (_name, without, files, state, reason) => {
    await using environment = await pythonEnvironment(without, files);
    await using project = await shop();
    await using server = await opened(project, { python: environment.python });
    const status = await server.settled();
    expect(status.state).toBe(state);
    expect(status.reason).toContain(reason.replace("<python>", environment.python));
    expect(status.remedy?.command).toBe(setUp);
    if (state === "degraded") expect(await server.showing(d, "CP01")).toEqual([untidyIssue]);
    const { projects } = await server.client.connection.sendRequest(doctorRequest, {});
    const said = projects[0]?.problems.map(({ message }) => message).join("\n");
    expect(said).toContain(reason.replace("<python>", environment.python));
  });

  test("no SQLFluff: dbt's own errors, compiled SQL, the live manifest, previews and runs are there, and lint is not", async () => {
    await using environment = await pythonEnvironment(/^sqlfluff/);
    await using project = await shop();
    await using server = await opened(project, { python: environment.python });
    const { connection } = server.client;
    const runs: RunHead[] = [];
    const manifests: ManifestInfo[] = [];
    connection.onNotification(manifestChangedNotification, (info) => {
      manifests.push(info);
      server.client.nudge();
    });
    connection.onNotification(runChangedNotification, ({ run }) => {
      runs.push(run);
      server.client.nudge();
    });
    const reason = `SQLFluff is not installed in ${environment.python}, so SQL is not linted.`;
    expect(await server.settled()).toMatchObject({ state: "degraded", reason, remedy: { command: setUp } });
    const manifest = await server.client.waitFor("the live manifest", () =>
      manifests.find(({ origin }) => origin === "live"),
    );
    expect(manifest.counts).toMatchObject({ model: 4, source: 1 });

    const uri = uriOfPath(project.file(d));
    const text = "select *\nfrom {{ ref('nix') }}\n";
    await server.client.change(uri, text);
    expect((await server.showing(d, "depends on a node named 'nix'"))[0]).toMatch(/^2:9 error dbt /);
    await server.client.change(uri, "select id from {{ ref('a') }}\n");
    expect(await server.showing(d, "Not linted: SQLFluff is not installed")).toHaveLength(1);
    expect((await connection.sendRequest(compileTextRequest, { uri })).sql).toContain('"shop"."main"."a"');
    const place = await connection.sendRequest(DefinitionRequest.type, {
      textDocument: { uri },
      position: { line: 0, character: 22 },
    });
    expect(JSON.stringify(place)).toContain(uriOfPath(project.file("models/a.sql")));
    const { rows } = await connection.sendRequest(previewRequest, {
      uri,
      selection: "select 7 as n",
      limit: 5,
    });
    expect(rows).toEqual([[7]]);
    const { id } = await connection.sendRequest(startRunRequest, {
      projectDir: project.dir,
      verb: "run",
      select: "d",
    });
    const ended = await server.client.waitFor("the run", () =>
      runs.find((run) => run.id === id && run.endedAt !== null),
    );
    expect(ended).toMatchObject({ state: "success" });

    const { failures } = await connection.sendRequest(lintProjectRequest, {});
    expect(failures).toEqual([`shop: ${reason}`]);
    expect((await server.settled()).state).toBe("degraded");
    const doctor = await connection.sendRequest(doctorRequest, {});
    expect(doctor.projects[0]?.problems).toMatchObject([{ message: reason, remedy: { command: setUp } }]);
  });

  test("a Python that prints when it starts, as some set-ups do, is no obstacle", async () => {
    await using environment = await pythonEnvironment(null, {
      "at_start.py": "print('{\"id\": 1, \"result\":')\nprint('welcome\\x1b[31m')\n",
    });
    await using project = await shop();
    await using server = await opened(project, { python: environment.python });
    expect(await server.showing(d, "CP01")).toEqual([untidyIssue]);
    expect((await server.settled()).state).toBe("ready");
  });
});

describe("text of every kind, in one worker", () => {
  let project: TestProject;
  let server: OpenedServer;
  let uri: string;
  beforeAll(async () => {
    project = await shop({
      "macros/m.sql": `{% macro prints() %}{{ print('hello') }}{{ log('hi', info=true) }}1{% endmacro %}
{% macro raises() %}{{ exceptions.raise_compiler_error('not today') }}{% endmacro %}
`,
      "models/p.py": "def model(dbt, session):\n    return dbt.ref('a')\n",
    });
    server = await openServer(product, project);
    uri = await server.client.open(project.file(d), "select 1 as one\n");
    await server.client.waitForDiagnostics(uri, (all) => all.length === 0);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  test.each<[string, string, string[]]>([
    ["undefined macro", "select\n    {{ nope() }}\n", ["2:8 error TMP"]],
    ["a macro that raises", "select\n    1 as x,\n    {{ raises() }} as y\n", ["3:8 error dbt"]],
    ["unknown ref", "select id\nfrom {{ ref('nix') }}\n", ["2:9 error dbt"]],
    ["Jinja that does not end", "select id\nfrom {{ ref('a') \n", ["2:1 error dbt"]],
    ["a variable that is not set", "select '{{ env_var(\"NO_SUCH\") }}' as x\n", ["1:21 error dbt"]],
    ["a macro that prints", "SELECT {{ prints() }} as one\n", ["1:23 warning CP01"]],
    ["a ref to a Python model", "SELECT x from {{ ref('p') }}\n", ["1:10 warning CP01"]],
    ["CRLF", "SELECT\r\n    1 as one,\r\n    2 AS two\r\n", ["2:7 warning CP01"]],
    ["a byte order mark", "\uFEFFSELECT 1 as one\n", ["1:11 warning CP01"]],
    ["a tab before it", "SELECT\n    1 AS one,\n    2\tas two\n", ["3:6 warning LT01", "3:7 warning CP01"]],
    ["letters beyond the plane before it", "SELECT '😀é' as x\n", ["1:14 warning CP01"]],
    ["SQL that does not parse", "select 1 as one from (((\n", ["1:24 error PRS"]],
    ["an empty file", "", ["1:1 error TMP"]],
  ])("%s", async (_name, text, expected) => {
    await server.client.change(uri, text);
    const version = server.client.document(uri).version;
    const shown = await server.client.waitFor(`issues of version ${version}`, () => {
      const latest = server.client.published.findLast((params) => params.uri === uri);
      return latest?.version === version && latest.diagnostics.length > 0 ? server.shown(d) : undefined;
    });
    expect(shown.map((each) => each.split(" ").slice(0, 3).join(" "))).toEqual(expected);
  });

  test("a file of 20,000 lines says that SQLFluff leaves it out, and why", async () => {
    await server.client.change(uri, `select 1 as a${",\n    1 as b".repeat(20_000)}\n`);
    const [shown] = await server.showing(d, "large_file_skip_byte_limit");
    expect(shown).toMatch(/^1:1 hint {2}Not linted: it has \d+ bytes, more than SQLFluff's limit/);
  });

  test("after all of it the worker is the first one, and ready", async () => {
    expect(server.client.statuses[0]?.state).toBe("ready");
    expect(
      server.client.log.filter((line) => line.includes("Python worker") && line.includes("exit")),
    ).toEqual([]);
    const summary = await server.client.connection.sendRequest(lintProjectRequest, {});
    expect(summary).toMatchObject({ failures: [] });
  });
});

describe("a macro that never ends", () => {
  test("costs the worker: the message names file and limit, and the next text is linted by a new one", async () => {
    const forever = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
    await using project = await shop({ "macros/m.sql": `{% macro forever() %}${forever}{% endmacro %}\n` });
    await using server = await opened(project, { settings: { "lint.timeLimit": 5 } });
    await server.showing(d, "CP01");
    const uri = [...server.client.documents.keys()][0]!;
    await server.client.change(uri, "select {{ forever() }} as one\n");
    const [status] = await server.client.waitForStatus(([its]) => its?.state === "failed");
    expect(status?.reason).toBe(
      `Linting ${project.file(d)} took longer than 5 s; the Python worker was replaced.`,
    );
    expect(status?.remedy).toMatchObject({ command: "floeDbt.openSettings" });
    await server.client.change(uri, "SELECT 2 as two, 3 AS three\n");
    await server.showing(d, "1:10 warning CP01");
    await server.client.waitForStatus(([its]) => its?.state === "ready" && its.reason === undefined);
  });
});

describe("places of every kind", () => {
  test("spaces, accents and quotes in the path", async () => {
    await using project = await shop({}, `it's "my" café, 100%`);
    await using server = await opened(project, {}, "SELECT id as one from {{ ref('a') }}\n");
    expect(await server.showing(d, "CP01")).toHaveLength(2);
    expect((await server.settled()).state).toBe("ready");
  });

  test("a project opened through a link is shown under the link's path", async () => {
    await using project = await shop();
    const link = path.join(project.dir, "..", "link");
    symlinkSync(project.dir, link, "junction");
    await using server = await opened(project, { folder: link }, "SELECT id as one from {{ ref('a') }}\n");
    expect(await server.showing(d, "CP01")).toHaveLength(2);
    expect(await server.settled()).toMatchObject({ state: "ready", projectDir: link });
  });

  test("two servers on one project, with one folder for their caches", async () => {
    await using project = await shop();
    const storageDir = path.join(project.dir, "..", "storage");
    await using first = await opened(project, { storageDir });
    await using second = await opened(project, { storageDir }, "SELECT 1 AS one, 2 as two\n");
    expect(await first.showing(d, "CP01")).toEqual([untidyIssue]);
    expect((await second.showing(d, "CP01"))[0]).toMatch(/^1:\d+ warning/);
    for (const server of [first, second]) expect((await server.settled()).state).toBe("ready");
  });

  test("no folder for the caches: it is linted all the same", async () => {
    await using project = await shop();
    const storageDir = project.file("a file");
    writeFileSync(storageDir, "");
    await using server = await opened(project, { storageDir });
    expect(await server.showing(d, "CP01")).toEqual([untidyIssue]);
    expect((await server.settled()).state).toBe("ready");
  });

  test.runIf(canMount())("a project that cannot be written to", async () => {
    await using project = await shop();
    const before = readdirSync(project.dir, { recursive: true });
    execFileSync("mount", ["--bind", project.dir, project.dir]);
    try {
      execFileSync("mount", ["-o", "remount,ro,bind", project.dir]);
      await using server = await opened(project, {}, "SELECT id as one from {{ ref('a') }}\n");
      expect(await server.showing(d, "CP01")).toHaveLength(2);
      expect((await server.settled()).state).toBe("ready");
      expect(readdirSync(project.dir, { recursive: true })).toEqual(before);
    } finally {
      execFileSync("umount", [project.dir]);
    }
  });
});

/** Only an administrator of a Linux machine can make a folder that nobody can write to. */
function canMount(): boolean {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
