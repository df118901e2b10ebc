import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { RedactingLog } from "../../server/platform/log.ts";
import { findEnvironment, type ExplicitPython } from "../../server/plugins/local/findEnvironment.ts";
import { createProbe } from "../../server/plugins/local/probePython.ts";
import type { PlacesInput } from "../../server/plugins/local/pythonPlaces.ts";

/** Real virtual environments without pip; a package is "installed" by its metadata, which is all the search reads. */
const root = realpathSync(mkdtempSync(path.join(tmpdir(), "floe-dbt-env-")));
const log = new RedactingLog(() => undefined);
const system = process.platform === "win32" ? "python" : "python3";

afterAll(() => rmSync(root, { recursive: true, force: true }));

const bin = process.platform === "win32" ? "Scripts" : "bin";
const pythonOf = (folder: string) =>
  path.join(folder, bin, process.platform === "win32" ? "python.exe" : "python");

/** A virtual environment at this place with these packages. @returns its Python */
function environment(folder: string, packages: Record<string, string>): string {
  execFileSync(system, ["-m", "venv", "--without-pip", folder]);
  const site = execFileSync(pythonOf(folder), [
    "-c",
    "import sysconfig; print(sysconfig.get_paths()['purelib'])",
  ])
    .toString()
    .trim();
  for (const [name, version] of Object.entries(packages)) {
    const info = path.join(site, `${name.replaceAll("-", "_")}-${version}.dist-info`);
    mkdirSync(info, { recursive: true });
    writeFileSync(path.join(info, "METADATA"), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
  }
  return pythonOf(folder);
}

function workspace(name: string) {
  const workspaceDir = path.join(root, name);
  const projectDir = path.join(workspaceDir, "dbt");
  mkdirSync(projectDir, { recursive: true });
  return { workspaceDir, projectDir };
}

async function search(input: Partial<PlacesInput> & { projectDir: string }, explicit?: ExplicitPython) {
  const env = input.env ?? {};
  return findEnvironment(explicit ?? null, { env, log, ...input }, createProbe({ log, env }));
}

describe("the search for Python", () => {
  test("takes the .venv of the project before the one of the workspace, and says where", async () => {
    const { workspaceDir, projectDir } = workspace("nearest");
    environment(path.join(workspaceDir, ".venv"), { "dbt-core": "1.9.0" });
    const python = environment(path.join(projectDir, ".venv"), { "dbt-core": "1.11.16", sqlfluff: "4.4.0" });
    const found = await search({ projectDir, workspaceDir });
    expect(found.facts?.python).toBe(python);
    expect(found.facts?.versions).toMatchObject({ "dbt-core": "1.11.16", sqlfluff: "4.4.0" });
    expect(found.place).toBe(`3. ${path.join(projectDir, ".venv")}`);
    expect(found.searched.filter((step) => step.chosen).map((step) => step.python)).toEqual([python]);
  });

  test("prefers dbt in the workspace to a nearer Python without dbt", async () => {
    const { workspaceDir, projectDir } = workspace("with dbt é");
    environment(path.join(projectDir, "venv"), { sqlfluff: "4.4.0" });
    const python = environment(path.join(workspaceDir, "env"), { "dbt-core": "1.8.9" });
    const found = await search({ projectDir, workspaceDir });
    expect(found.facts?.python).toBe(python);
    const nearer = found.searched.find((step) => step.place === `3. ${path.join(projectDir, "venv")}`);
    expect(nearer).toMatchObject({
      chosen: false,
      found: expect.stringContaining("sqlfluff 4.4.0") as string,
    });
  });

  test("never looks above the workspace", async () => {
    const { workspaceDir, projectDir } = workspace("outer/inner");
    environment(path.join(root, "outer", ".venv"), { "dbt-core": "1.11.0" });
    expect((await search({ projectDir, workspaceDir })).facts).toBeNull();
  });

  test("a Python that does not run is named and passed over", async () => {
    const { projectDir } = workspace("broken");
    mkdirSync(path.dirname(pythonOf(path.join(projectDir, ".venv"))), { recursive: true });
    writeFileSync(pythonOf(path.join(projectDir, ".venv")), "#!/nowhere\n", { mode: 0o755 });
    const python = environment(path.join(projectDir, "venv"), { sqlfluff: "4.4.0" });
    const found = await search({ projectDir });
    expect(found.facts?.python).toBe(python);
    expect(found.searched.some((step) => step.found?.includes("cannot be started"))).toBe(true);
  });

  test("takes the choice of the Python extension first", async () => {
    const { projectDir } = workspace("chosen");
    environment(path.join(projectDir, ".venv"), { "dbt-core": "1.11.0" });
    const chosen = environment(path.join(root, "elsewhere"), { "dbt-core": "1.10.0" });
    const found = await search({ projectDir, interpreter: () => Promise.resolve(chosen) });
    expect(found.facts?.python).toBe(chosen);
    expect(found.place).toMatch(/^2\. /);
  });

  test("takes the active environment of the shell", async () => {
    const { projectDir } = workspace("active");
    const python = environment(path.join(root, "activated"), { "dbt-core": "1.11.0" });
    const found = await search({ projectDir, env: { VIRTUAL_ENV: path.join(root, "activated") } });
    expect(found.facts?.python).toBe(python);
    expect(found.place).toBe("4. VIRTUAL_ENV");
  });

  test.skipIf(process.platform === "win32")("asks Poetry only where the project is Poetry's", async () => {
    const { projectDir } = workspace("poetry");
    const folder = path.join(root, "poetry-cache", "shop-py3");
    const python = environment(folder, { "dbt-core": "1.11.0" });
    const tools = path.join(root, "poetry-bin");
    mkdirSync(tools);
    writeFileSync(path.join(tools, "poetry"), `#!/bin/sh\necho "${folder}"\n`, { mode: 0o755 });
    const env = { PATH: tools };
    writeFileSync(path.join(projectDir, "pyproject.toml"), "[project]\nname = 'x'\n");
    expect((await search({ projectDir, env })).facts).toBeNull();
    writeFileSync(path.join(projectDir, "pyproject.toml"), "[tool.poetry]\nname = 'x'\n");
    expect((await search({ projectDir, env })).facts?.python).toBe(python);
  });

  test.skipIf(process.platform === "win32")(
    "finds the Python behind a dbt on PATH, through its link",
    async () => {
      const { projectDir } = workspace("pipx");
      const home = path.join(root, "pipx", "venvs", "dbt-core");
      const python = environment(home, { "dbt-core": "1.11.0" });
      writeFileSync(path.join(home, "bin", "dbt"), "#!/bin/sh\n", { mode: 0o755 });
      const local = path.join(root, "local-bin");
      mkdirSync(local);
      symlinkSync(path.join(home, "bin", "dbt"), path.join(local, "dbt"));
      const found = await search({ projectDir, env: { PATH: local } });
      expect(found.facts?.python).toBe(python);
      expect(found.place).toBe("6. dbt on PATH");
    },
  );

  test.skipIf(process.platform === "win32")(
    "finds the Python in the first line of a dbt script",
    async () => {
      const { projectDir } = workspace("shebang");
      const python = environment(path.join(root, "tool"), { "dbt-core": "1.11.0" });
      const tools = path.join(root, "tool-bin");
      mkdirSync(tools);
      writeFileSync(path.join(tools, "dbt"), `#!${python}\nimport dbt\n`);
      chmodSync(path.join(tools, "dbt"), 0o755);
      expect((await search({ projectDir, env: { PATH: tools } })).facts?.python).toBe(python);
    },
  );

  test("an explicit Python that is wrong is an error, and nothing else is taken instead", async () => {
    const { projectDir } = workspace("explicit");
    environment(path.join(projectDir, ".venv"), { "dbt-core": "1.11.0" });
    const explicit = { python: path.join(root, "no-such-python"), by: "setting floeDbt.python.path" };
    const found = await search({ projectDir }, explicit);
    expect(found.facts).toBeNull();
    expect(found.explicitFailure).toMatchObject({
      why: "does not exist",
      place: "setting floeDbt.python.path",
    });
  });

  test("what is installed is asked again only when it has changed", async () => {
    const started: string[] = [];
    const probe = createProbe({ log: new RedactingLog((_, line) => started.push(line)), env: {} });
    const folder = path.join(root, "remembered");
    const python = environment(folder, { sqlfluff: "4.4.0" });
    await probe(python);
    await probe(python);
    expect(started).toHaveLength(1);
    environment(folder, { "dbt-core": "1.11.0" });
    expect(await probe(python)).toMatchObject({ versions: { "dbt-core": "1.11.0" } });
    expect(started).toHaveLength(2);
  });
});
