import * as vscode from "vscode";
import { targetsRequest } from "../../protocol/requests.ts";
import { pickProject } from "./pickProject.ts";
import { setForProject } from "./projectSetting.ts";
import type { CommandContext } from "./context.ts";

interface Choice extends vscode.QuickPickItem {
  choose: () => Thenable<unknown>;
}

/** Switches a project to another target of its profile, by the setting `floeDbt.target`; everything follows. */
export async function selectTarget(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Select Target");
  if (!project) return;
  const { projectDir, projectName } = project;
  const { targets, current, profilesPath } = await context.server.request(targetsRequest, { projectDir });
  const choices: Choice[] = [
    ...targets.map((target) => ({
      label: target,
      iconPath: new vscode.ThemeIcon(target === current ? "check" : "blank"),
      ...(target === current ? { description: "in use" } : {}),
      choose: () => setForProject(projectDir, "target", target),
    })),
    {
      label: "The Profile's Own Default",
      iconPath: new vscode.ThemeIcon("discard"),
      choose: () => setForProject(projectDir, "target", undefined),
    },
    ...(profilesPath === null
      ? []
      : [
          {
            label: "Open profiles.yml",
            iconPath: new vscode.ThemeIcon("go-to-file"),
            choose: () => vscode.window.showTextDocument(vscode.Uri.file(profilesPath)),
          },
        ]),
  ];
  const picked = await vscode.window.showQuickPick(choices, {
    title: `Target of ${projectName}`,
    placeHolder: current === null ? "No target is in use" : `In use: ${current}`,
  });
  await picked?.choose();
}
