import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Diagnostic, DiagnosticSeverity } from "vscode-languageserver/node";
import type { ProjectStatus } from "../../protocol/runtime.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import type { BuiltProduct } from "../harness/builtProduct.ts";
import type { TestProject } from "../harness/dbtProject.ts";
import { testPython } from "../harness/environment.ts";
import { LspClient } from "../harness/lspClient.ts";
import { parseAhead } from "../harness/parsedAhead.ts";

export interface OpenedServer extends AsyncDisposable {
  client: LspClient;
  /** Everything that is shown of a file of the project, as "line:column severity code message"; columns in UTF-16 from 1. */
  shown(file: string): string[];
  /** The same, once there is something, or once there is this. */
  showing(file: string, text?: string): Promise<string[]>;
  /** How the project is once it works, or does not. */
  settled(): Promise<ProjectStatus>;
}

export interface OpenOptions {
  python?: string;
  settings?: Record<string, unknown>;
  env?: NodeJS.ProcessEnv;
  storageDir?: string;
  /** The workspace's folder as the editor names it; the project's where absent. */
  folder?: string;
}

/** The built server as an editor starts it, on one project; cold where it is given the folder of its caches. */
export async function openServer(
  product: BuiltProduct,
  project: TestProject,
  { python = testPython(), settings = {}, env = {}, storageDir, folder = project.dir }: OpenOptions = {},
): Promise<OpenedServer> {
  const ownStorage = await mkdtemp(path.join(os.tmpdir(), "floe-dbt-storage-"));
  if (storageDir === undefined) {
    await parseAhead(python, ownStorage, { projectDir: folder, profilesDir: folder });
  }
  const client = await LspClient.start({
    folders: [folder],
    plugins: product.server,
    env,
    initializationOptions: {
      storageDir: storageDir ?? ownStorage,
      settings: { "python.path": python, ...settings },
    },
  });
  const uriOf = (file: string): string => uriOfPath(path.join(folder, file));
  const shown = (file: string): string[] => (client.diagnostics(uriOf(file)) ?? []).map(inWords);
  return {
    client,
    shown,
    async showing(file, text = "") {
      await client.waitForDiagnostics(uriOf(file), (all) =>
        all.map(inWords).some((each) => each.includes(text)),
      );
      return shown(file);
    },
    async settled() {
      const [status] = await client.waitForStatus(
        ([its]) => its !== undefined && ["ready", "degraded", "failed"].includes(its.state),
      );
      return status!;
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await rm(ownStorage, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

const severities = {
  [DiagnosticSeverity.Error]: "error",
  [DiagnosticSeverity.Warning]: "warning",
  [DiagnosticSeverity.Information]: "info",
  [DiagnosticSeverity.Hint]: "hint",
};

function inWords({ range, severity, code, message }: Diagnostic): string {
  const words = typeof message === "string" ? message : message.value;
  const { line, character } = range.start;
  return `${line + 1}:${character + 1} ${severities[severity ?? 1]} ${code ?? ""} ${words}`;
}
