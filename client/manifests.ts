import * as vscode from "vscode";
import type { ManifestInfo } from "../protocol/manifest.ts";
import { coalesced } from "./coalesce.ts";
import { isCancellation } from "./errorMessage.ts";
import type { LanguageServer } from "./languageServer.ts";
import { log } from "./log.ts";

/** How the manifest of each project is known, as the server last said it. */
export class Manifests implements vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #changed = new vscode.EventEmitter<ManifestInfo | undefined>();
  readonly #listening: vscode.Disposable;
  readonly #known = new Map<string, ManifestInfo>();
  #answered = false;

  /** Fires with the project whose manifest changed; without one where any may have, or a project came or went. */
  readonly onDidChange = this.#changed.event;
  /** Asks for all of them anew. */
  readonly refresh = coalesced(() => this.#ask());

  constructor(server: LanguageServer) {
    this.#server = server;
    let projects = "";
    this.#listening = vscode.Disposable.from(
      server.onManifest((manifest) => {
        this.#known.set(manifest.projectDir, manifest);
        this.#changed.fire(manifest);
      }),
      server.onDidChange(() => {
        const now = JSON.stringify([server.answers, server.projects.map(({ projectDir }) => projectDir)]);
        if (now === projects) return;
        projects = now;
        void this.refresh();
      }),
    );
  }

  /** Whether the server has said which there are. */
  get answered(): boolean {
    return this.#answered;
  }

  /** By the projects' names. */
  get all(): readonly ManifestInfo[] {
    return [...this.#known.values()].toSorted((a, b) => a.projectName.localeCompare(b.projectName));
  }

  of(projectDir: string): ManifestInfo | undefined {
    return this.#known.get(projectDir);
  }

  dispose(): void {
    this.#listening.dispose();
    this.#changed.dispose();
  }

  async #ask(): Promise<void> {
    if (!this.#server.answers) {
      this.#known.clear();
      this.#answered = false;
      this.#changed.fire(undefined);
      return;
    }
    try {
      const { manifestInfoRequest } = await import("../protocol/requests.ts");
      const { manifests } = await this.#server.request(manifestInfoRequest, {});
      this.#known.clear();
      for (const manifest of manifests) this.#known.set(manifest.projectDir, manifest);
      this.#answered = true;
      this.#changed.fire(undefined);
    } catch (error) {
      if (!isCancellation(error)) log.warn(`The state of the manifests is not known: ${String(error)}`);
    }
  }
}
