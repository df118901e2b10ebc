import * as vscode from "vscode";
import { coalesced } from "./coalesce.ts";
import type { LanguageServer } from "./languageServer.ts";
import { log } from "./log.ts";

/** Folders that hold other people's projects, or no projects at all. */
const notOurs = "**/{node_modules,dbt_packages,dbt_modules,target,.venv,venv,site-packages,.git}/**";

/**
 * Starts the language server once the workspace holds a dbt project, and not before: in any other folder no process is
 * started, also when a command has activated the extension. In a workspace that is not trusted the server only reads
 * files; it is started afresh when trust is granted.
 */
export function startWhenAllowed(server: LanguageServer): vscode.Disposable {
  let started: "restricted" | "trusted" | undefined;
  // One look at a time, so that two events at once do not start it twice.
  const startIfAllowed = coalesced(async () => {
    const mode = vscode.workspace.isTrusted ? "trusted" : "restricted";
    if (started === mode) return;
    if (!(await hasProject())) {
      server.wait();
      return;
    }
    started = mode;
    await server.restart();
  });
  const attempt = (): void => {
    startIfAllowed().catch((error: unknown) =>
      log.error(`Looking for a dbt project failed: ${String(error)}`),
    );
  };
  const watcher = vscode.workspace.createFileSystemWatcher("**/dbt_project.yml", false, true, true);
  attempt();
  return vscode.Disposable.from(
    watcher,
    watcher.onDidCreate(attempt),
    vscode.workspace.onDidGrantWorkspaceTrust(attempt),
    vscode.workspace.onDidChangeWorkspaceFolders(attempt),
  );
}

async function hasProject(): Promise<boolean> {
  const atRoot = await Promise.all(
    (vscode.workspace.workspaceFolders ?? []).map(async ({ uri }) =>
      exists(vscode.Uri.joinPath(uri, "dbt_project.yml")),
    ),
  );
  if (atRoot.includes(true)) return true;
  const [found] = await vscode.workspace.findFiles("**/dbt_project.yml", notOurs, 1);
  return found !== undefined;
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
