import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { DoctorResult } from "../../protocol/requests.ts";
import { coalesced } from "../coalesce.ts";
import { commandIds } from "../commands/list.ts";
import { errorMessage } from "../errorMessage.ts";
import type { LanguageServer } from "../languageServer.ts";
import { inform } from "../log.ts";
import { doctorMessagePage, doctorPage, type DoctorPageOptions } from "./doctorPage.ts";
import { setPanelIcon } from "./panelIcon.ts";

/** What one may click in it. */
const allowedCommands: readonly string[] = [...commandIds, "workbench.actions.view.problems"];

/** The Doctor: one panel, made when asked for, and renewed whenever the state of a project changes while it shows. */
export class DoctorPanel implements vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #listening: vscode.Disposable;
  #panel: vscode.WebviewPanel | undefined;
  #states = "";

  /** Asks the server anew and shows its answer. */
  readonly refresh = coalesced(() => this.#render());

  constructor(server: LanguageServer) {
    this.#server = server;
    this.#listening = server.onDidChange(() => {
      const states = JSON.stringify([
        server.state,
        server.projects.map(({ projectDir, state }) => [projectDir, state]),
      ]);
      if (states === this.#states) return;
      this.#states = states;
      if (this.#panel?.visible) void this.refresh();
    });
  }

  async show(): Promise<void> {
    if (this.#panel) this.#panel.reveal();
    else {
      this.#panel = this.#open();
      this.#panel.webview.html = doctorMessagePage("Looking at the environment…", pageOptions());
    }
    await this.refresh();
  }

  async copyReport(): Promise<void> {
    const { markdown } = await this.#examine();
    await vscode.env.clipboard.writeText(markdown);
    await inform("The report is in the clipboard. It holds no secret.");
  }

  dispose(): void {
    this.#listening.dispose();
    this.#panel?.dispose();
  }

  #open(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      "floeDbt.doctor",
      "Floe dbt: Doctor",
      vscode.ViewColumn.Active,
      {
        enableScripts: false,
        enableCommandUris: allowedCommands,
        localResourceRoots: [],
      },
    );
    setPanelIcon(panel);
    panel.onDidDispose(() => (this.#panel = undefined));
    return panel;
  }

  async #examine(): Promise<DoctorResult> {
    const { doctorRequest } = await import("../../protocol/requests.ts");
    return this.#server.request(doctorRequest, {});
  }

  async #render(): Promise<void> {
    const options = pageOptions();
    const page = await this.#examine()
      .then((result) => doctorPage(result, options))
      .catch((error: unknown) => doctorMessagePage(errorMessage(error), options));
    if (this.#panel) this.#panel.webview.html = page;
  }
}

const pageOptions = (): DoctorPageOptions => ({
  nonce: randomBytes(16).toString("hex"),
  allowedCommands,
});
