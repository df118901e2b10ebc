import * as vscode from "vscode";
import type { RemoteJob, RemoteOverview, RemoteRun, RemoteRunDetail } from "../../protocol/remote.ts";
import { errorMessage } from "../errorMessage.ts";
import type { LanguageServer } from "../languageServer.ts";
import { firstLine, plainText } from "../runs/plainText.ts";
import { agoOf, environmentText, nextLook, runIcon, runText, runTitle, stepIcon } from "./remoteTexts.ts";
import { setContext } from "../setContext.ts";

/** A row of the view. Menus hand it to the commands. */
export type RemoteRow =
  | { kind: "project"; projectDir: string; name: string }
  | {
      kind: "section";
      projectDir: string;
      section: "jobs" | "environments" | "runs" | "artifacts";
      run?: RemoteRun;
    }
  | { kind: "job"; projectDir: string; job: RemoteJob }
  | { kind: "environment"; projectDir: string; facts: RemoteOverview["environments"][number] }
  | { kind: "run"; projectDir: string; run: RemoteRun }
  | { kind: "step"; projectDir: string; run: RemoteRun; step: RemoteRunDetail["steps"][number] }
  | { kind: "artifact"; projectDir: string; run: RemoteRun; name: string }
  | { kind: "note"; projectDir: string; text: string; icon: string; command?: vscode.Command };

/** The view "dbt Cloud": jobs, environments and recent runs of every project that runs there. Asks only while it is open. */
export class RemoteView implements vscode.Disposable, vscode.TreeDataProvider<RemoteRow> {
  readonly #server: LanguageServer;
  readonly #changed = new vscode.EventEmitter<RemoteRow | undefined>();
  readonly #view: vscode.TreeView<RemoteRow>;
  readonly #disposable: vscode.Disposable;
  #overviews = new Map<string, Promise<RemoteOverview | null>>();
  #known = "";
  #timer: NodeJS.Timeout | undefined;
  /** How long it waited before it looked again by itself; null where somebody, or an event, has just asked. */
  #waited: number | null = null;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(server: LanguageServer) {
    this.#server = server;
    this.#view = vscode.window.createTreeView("floeDbt.cloud", { treeDataProvider: this });
    this.#disposable = vscode.Disposable.from(
      this.#view,
      this.#changed,
      server.onDidChange(() => this.#projectsChanged()),
      server.onRun(({ run }) => {
        if (run.link !== null && ["success", "failed", "error", "cancelled"].includes(run.state))
          this.refresh();
      }),
    );
  }

  refresh(): void {
    this.#waited = null;
    this.#lookAgain();
  }

  #lookAgain(): void {
    this.#overviews.clear();
    this.#changed.fire(undefined);
  }

  overviewOf(projectDir: string): Promise<RemoteOverview | null> {
    let overview = this.#overviews.get(projectDir);
    if (!overview) {
      overview = this.#askOverview(projectDir);
      this.#overviews.set(projectDir, overview);
      overview.then(
        (known) => this.#seen(known),
        () => this.#overviews.delete(projectDir),
      );
    }
    return overview;
  }

  async getChildren(parent?: RemoteRow): Promise<RemoteRow[]> {
    if (!parent) return this.#roots();
    const { projectDir } = parent;
    switch (parent.kind) {
      case "project":
        return this.#ofProject(projectDir);
      case "section":
        return this.#ofSection(parent);
      case "run":
        return this.#ofRun(projectDir, parent.run);
      case "artifact":
      case "environment":
      case "job":
      case "note":
      case "step":
        return [];
    }
  }

  getTreeItem(row: RemoteRow): vscode.TreeItem {
    switch (row.kind) {
      case "project":
        return item(row.name, "", "cloud", "project", open.Expanded);
      case "section":
        return item(
          { jobs: "Jobs", environments: "Environments", runs: "Recent Runs", artifacts: "Artifacts" }[
            row.section
          ],
          "",
          { jobs: "checklist", environments: "server-environment", runs: "history", artifacts: "files" }[
            row.section
          ],
          "section",
          row.section === "runs" ? open.Expanded : open.Collapsed,
        );
      case "job": {
        const used = row.job.usedFor.length === 0 ? "" : `for ${row.job.usedFor.join(", ")}`;
        const look = item(row.job.name, used, "play-circle", "job page", open.None);
        look.tooltip = plainText([`${row.job.name} (${row.job.id})`, ...row.job.steps].join("\n"));
        return look;
      }
      case "environment":
        return item(
          row.facts.name,
          environmentText(row.facts),
          row.facts.own ? "star-full" : "server",
          "environment",
          open.None,
        );
      case "run": {
        const { run } = row;
        const words = [
          "run page",
          ...(["queued", "running", "unknown"].includes(run.state) ? ["goesOn"] : []),
          ...(run.state === "error" ? ["failed"] : []),
        ].join(" ");
        const look = item(runTitle(run), runText(run, Date.now()), "", words, open.Collapsed);
        look.iconPath = icon(runIcon(run.state));
        look.tooltip = plainText(
          [
            `Run ${run.id}: ${run.state}`,
            run.cause ?? "",
            run.jobName ?? "",
            run.commit ?? "",
            agoOf(run.createdAt, Date.now()),
          ]
            .filter(Boolean)
            .join("\n"),
        );
        // The icon alone says how it went.
        look.accessibilityInformation = {
          label: `run ${plainText(firstLine(run.cause ?? run.id))}, ${run.state}, ${runText(run, Date.now())}`,
        };
        look.id = `${row.projectDir}/${run.id}`;
        return look;
      }
      case "step": {
        const seconds = row.step.seconds === null ? "" : `${row.step.seconds.toFixed(0)} s`;
        const look = item(firstLine(row.step.name), seconds, "", "step text", open.None);
        look.iconPath = icon(stepIcon(row.step.state));
        look.command = { title: "Open Log", command: "floeDbt.showCloudText", arguments: [row] };
        return look;
      }
      case "artifact": {
        const look = item(row.name, "", "file-code", "artifact text", open.None);
        look.command = { title: "Open", command: "floeDbt.showCloudText", arguments: [row] };
        return look;
      }
      case "note": {
        const look = item(row.text, "", row.icon, "note", open.None);
        look.tooltip = row.text;
        if (row.command) look.command = row.command;
        return look;
      }
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#disposable.dispose();
  }

  #remoteProjects() {
    return this.#server.projects.filter(({ remote }) => remote === true);
  }

  #projectsChanged(): void {
    const projects = this.#remoteProjects();
    const known = `${this.#server.state} ${projects.map(({ projectDir }) => projectDir).join("\n")}`;
    if (known === this.#known) return;
    this.#known = known;
    setContext("floeDbt.hasRemote", projects.length > 0);
    this.refresh();
    // Once, so that the status says whether somebody is signed in, and the environment's manifest is there to browse.
    if (this.#server.state === "running") {
      for (const { projectDir } of projects) void this.overviewOf(projectDir).catch(() => undefined);
    }
  }

  async #roots(): Promise<RemoteRow[]> {
    const [first, ...others] = this.#remoteProjects();
    if (!first || this.#server.state !== "running") return [];
    if (others.length === 0) return this.#ofProject(first.projectDir);
    return [first, ...others].map(({ projectDir, projectName: name }) => ({
      kind: "project",
      projectDir,
      name,
    }));
  }

  async #ofProject(projectDir: string): Promise<RemoteRow[]> {
    let overview: RemoteOverview | null;
    try {
      overview = await this.overviewOf(projectDir);
    } catch (error) {
      return [{ kind: "note", projectDir, text: firstLine(errorMessage(error), 300), icon: "error" }];
    }
    if (!overview) return [];
    if (overview.state === "signedOut") {
      const command = { title: "Sign in", command: "floeDbt.signIn", arguments: [projectDir] };
      const text =
        overview.message === null ? `Sign in to ${overview.host}…` : firstLine(overview.message, 300);
      return [{ kind: "note", projectDir, text, icon: "sign-in", command }];
    }
    if (overview.state === "failed") {
      const command = { title: "Refresh", command: "floeDbt.refreshCloud" };
      return [
        { kind: "note", projectDir, text: firstLine(overview.message ?? "", 300), icon: "error", command },
      ];
    }
    return (["runs", "jobs", "environments"] as const).map((section) => ({
      kind: "section",
      projectDir,
      section,
    }));
  }

  async #ofSection({ projectDir, section, run }: RemoteRow & { kind: "section" }): Promise<RemoteRow[]> {
    if (section === "artifacts") {
      if (!run) return [];
      const detail = await this.#askRun(projectDir, run);
      return detail.artifacts.map((name) => ({ kind: "artifact", projectDir, run: detail.run, name }));
    }
    const overview = await this.overviewOf(projectDir);
    const nothing = (text: string): RemoteRow[] => [{ kind: "note", projectDir, text, icon: "info" }];
    if (section === "jobs") {
      const jobs = overview?.jobs ?? [];
      return jobs.length === 0 ? nothing("No jobs") : jobs.map((job) => ({ kind: "job", projectDir, job }));
    }
    if (section === "environments") {
      return (overview?.environments ?? []).map((facts) => ({ kind: "environment", projectDir, facts }));
    }
    const runs = overview?.runs ?? [];
    return runs.length === 0
      ? nothing("No runs yet")
      : runs.map((each) => ({ kind: "run", projectDir, run: each }));
  }

  async #ofRun(projectDir: string, run: RemoteRun): Promise<RemoteRow[]> {
    const detail = await this.#askRun(projectDir, run);
    return [
      ...detail.steps.map((step): RemoteRow => ({ kind: "step", projectDir, run: detail.run, step })),
      ...(detail.artifacts.length === 0
        ? []
        : [{ kind: "section", projectDir, section: "artifacts", run: detail.run } as const]),
    ];
  }

  async #askOverview(projectDir: string): Promise<RemoteOverview | null> {
    const { remoteRequest } = await import("../../protocol/requests.ts");
    return this.#server.request(remoteRequest, { projectDir, again: this.#waited !== null });
  }

  async #askRun(projectDir: string, run: RemoteRun): Promise<RemoteRunDetail> {
    const { remoteRunRequest } = await import("../../protocol/requests.ts");
    return this.#server.request(remoteRunRequest, { projectDir, runId: run.id });
  }

  #seen(overview: RemoteOverview | null): void {
    if (!overview) return;
    setContext("floeDbt.remoteSignedOut", overview.state === "signedOut");
    const goesOn = overview.runs.some(({ state }) => state === "queued" || state === "running");
    clearTimeout(this.#timer);
    if (!goesOn) return;
    const wait = nextLook(this.#waited);
    this.#timer = setTimeout(() => {
      if (!this.#view.visible) return;
      this.#waited = wait;
      this.#lookAgain();
    }, wait);
  }
}

const open = vscode.TreeItemCollapsibleState;

function item(
  label: string,
  description: string,
  codicon: string,
  context: string,
  state: vscode.TreeItemCollapsibleState,
): vscode.TreeItem {
  const look = new vscode.TreeItem(plainText(label), state);
  look.description = plainText(description);
  if (codicon !== "") look.iconPath = new vscode.ThemeIcon(codicon);
  look.contextValue = context;
  return look;
}

const icon = ({ id, color }: { id: string; color?: string }): vscode.ThemeIcon =>
  new vscode.ThemeIcon(id, color === undefined ? undefined : new vscode.ThemeColor(color));
