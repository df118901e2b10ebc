import path from "node:path";
import * as vscode from "vscode";

/** The part of the Python extension's public API that is used here (ms-python.python, `environments`). */
interface PythonEnvironments {
  getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
  resolveEnvironment(environment: {
    path: string;
  }): Promise<{ executable: { uri: vscode.Uri | undefined } } | undefined>;
  onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
}

/** What the Python extension, where there is one, has been told about interpreters. */
export interface PythonExtension {
  readonly installed: boolean;
  /** Absolute path of the interpreter chosen for a project's folder, or null where none is known. Never throws. */
  interpreterFor(projectDir: string): Promise<string | null>;
  /** Fires when another interpreter has been chosen. Silent until `interpreterFor` has been asked once. */
  readonly onDidChange: vscode.Event<void>;
  dispose(): void;
}

const timeLimitMs = 5_000;

/** The Python extension is optional and stays so: it is looked for, and woken only when an interpreter is asked for. */
export function pythonExtension(log: vscode.LogOutputChannel): PythonExtension {
  const extension = vscode.extensions.getExtension("ms-python.python");
  const changed = new vscode.EventEmitter<void>();
  let listening: vscode.Disposable | undefined;

  const interpreterFor = async (projectDir: string): Promise<string | null> => {
    const environments = environmentsOf(await extension?.activate());
    if (!environments) return null;
    listening ??= environments.onDidChangeActiveEnvironmentPath(() => changed.fire());
    const active = environments.getActiveEnvironmentPath(vscode.Uri.file(projectDir));
    const resolved = await environments.resolveEnvironment(active);
    const found = resolved?.executable.uri?.fsPath ?? active.path;
    // Without a choice it answers "python", which says nothing of where.
    return path.isAbsolute(found) ? found : null;
  };

  return {
    installed: extension !== undefined,
    onDidChange: changed.event,
    async interpreterFor(projectDir) {
      try {
        return await withinTimeLimit(interpreterFor(projectDir));
      } catch (error) {
        log.warn(`The Python extension did not say which interpreter it uses: ${String(error)}`);
        return null;
      }
    },
    dispose() {
      listening?.dispose();
      changed.dispose();
    },
  };
}

function environmentsOf(api: unknown): PythonEnvironments | undefined {
  if (api === null || typeof api !== "object" || !("environments" in api)) return undefined;
  return api.environments as PythonEnvironments;
}

async function withinTimeLimit<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${timeLimitMs / 1000} s`)), timeLimitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
