import type * as vscode from "vscode";
import type { ProjectStatus } from "../protocol/runtime.ts";
import { keepCapabilityKeys } from "./capabilities.ts";
import { registerCommands } from "./commands/register.ts";
import { ProjectView } from "./explorer/projectView.ts";
import { LanguageServer } from "./languageServer.ts";
import { log } from "./log.ts";
import { Manifests } from "./manifests.ts";
import { pythonExtension } from "./python.ts";
import { Runs } from "./runs/runs.ts";
import { provideRunTasks } from "./tasks/runTasks.ts";
import { startWhenAllowed } from "./startWhenAllowed.ts";
import { RemoteView } from "./remote/remoteView.ts";
import { PreviewView } from "./preview/previewView.ts";
import { CompiledViews } from "./views/compiled/compiledViews.ts";
import { TestExplorer } from "./testing/testExplorer.ts";
import { DoctorPanel } from "./views/doctorPanel.ts";
import { RunsView } from "./views/runsView.ts";
import { RunLog } from "./views/runLog.ts";
import { showRunProgress } from "./views/runProgress.ts";
import { showStatusBar } from "./views/statusBar.ts";
import { VirtualTexts } from "./views/virtualTexts.ts";

/** What other extensions may read: the same statuses as the status bar shows. */
export interface FloeDbtApi {
  readonly projects: readonly ProjectStatus[];
  readonly onDidChangeProjects: vscode.Event<void>;
}

let server: LanguageServer | undefined;

export function activate(context: vscode.ExtensionContext): FloeDbtApi {
  const began = performance.now();
  const python = pythonExtension(log);
  const started = new LanguageServer(context, python);
  server = started;
  const doctor = new DoctorPanel(started);
  const manifests = new Manifests(started);
  const project = new ProjectView(started, manifests, context.workspaceState);
  const compiled = new CompiledViews(started);
  const texts = new VirtualTexts();
  const runs = new Runs(started);
  const runsView = new RunsView(runs, (projectDir) => nameIfSeveral(started.projects, projectDir));
  const runLog = new RunLog(started, runs);
  const preview = new PreviewView(context.extensionUri, texts);
  const remote = new RemoteView(started);
  context.subscriptions.push(
    log,
    python,
    started,
    doctor,
    manifests,
    new TestExplorer(started, manifests),
    project,
    compiled,
    texts,
    preview,
    remote,
    showStatusBar(started),
    keepCapabilityKeys(started),
    runs,
    runsView,
    runLog,
    showRunProgress(runs, runsView),
    provideRunTasks(started, runs),
    registerCommands({
      server: started,
      doctor,
      project,
      compiled,
      texts,
      runs,
      runsView,
      runLog,
      preview,
      remote,
      secrets: context.secrets,
      memory: context.workspaceState,
    }),
    startWhenAllowed(started),
  );
  log.info(`Activated in ${(performance.now() - began).toFixed(1)} ms.`);
  return {
    get projects() {
      return started.projects;
    },
    onDidChangeProjects: started.onDidChange,
  };
}

/** The project's name, where it says anything: there is more than one. */
function nameIfSeveral(projects: readonly ProjectStatus[], projectDir: string): string | undefined {
  if (projects.length < 2) return undefined;
  return projects.find((project) => project.projectDir === projectDir)?.projectName;
}

/** Waits until the server has ended its processes. */
export async function deactivate(): Promise<void> {
  await server?.stop();
}
