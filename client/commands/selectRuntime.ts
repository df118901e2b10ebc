import * as vscode from "vscode";
import { selectRuntimeRequest, targetsRequest } from "../../protocol/requests.ts";
import { pickProject } from "./pickProject.ts";
import { setForProject } from "./projectSetting.ts";
import type { CommandContext } from "./context.ts";

/** Switches the environment that compiles dbt for a project, by the setting `floeDbt.runtime`; everything follows. */
export async function selectRuntime(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Select Environment");
  if (!project) return;
  const { projectDir, projectName, runtime, runtimeReason } = project;
  const { runtimes } = await context.server.request(targetsRequest, { projectDir });
  const choices = [
    {
      label: "Choose by Itself",
      description: "manifest.yaml, else what is installed",
      iconPath: new vscode.ThemeIcon("discard"),
      value: undefined,
    },
    ...runtimes.map(({ name, title, available, detail }) => ({
      label: title,
      description: name === runtime ? "in use" : available ? "" : "not available here",
      detail,
      iconPath: new vscode.ThemeIcon(name === runtime ? "check" : available ? "blank" : "circle-slash"),
      value: name,
    })),
    {
      label: "For everybody, in manifest.yaml",
      kind: vscode.QuickPickItemKind.Separator,
      value: undefined,
    },
    ...runtimes
      .filter(({ name, available }) => available && name !== runtime)
      .map(({ name, title }) => ({
        label: `${title}, in manifest.yaml`,
        description: `dbt_runtime: ${name}`,
        iconPath: new vscode.ThemeIcon("file-code"),
        value: name,
        inManifest: true,
      })),
  ];
  const picked = await vscode.window.showQuickPick(choices, {
    title: `Environment of ${projectName}`,
    placeHolder: runtime === null ? "None is in use" : `Now ${runtime} (${runtimeReason})`,
    matchOnDetail: true,
  });
  if (!picked) return;
  const inManifest = "inManifest" in picked;
  if (picked.value !== undefined) {
    // What runs ends first, so that nothing of it stays.
    await context.server.request(selectRuntimeRequest, {
      projectDir,
      runtime: picked.value,
      where: inManifest ? "manifest" : "setting",
    });
  }
  await setForProject(projectDir, "runtime", inManifest ? undefined : picked.value);
}
