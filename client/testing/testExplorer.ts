import * as vscode from "vscode";
import { can } from "../../protocol/capabilities.ts";
import type { ManifestInfo, TestFacts } from "../../protocol/manifest.ts";
import type { RunChange } from "../../protocol/requests.ts";
import type { RunState } from "../../protocol/run.ts";
import { errorMessage, isCancellation } from "../errorMessage.ts";
import type { LanguageServer } from "../languageServer.ts";
import { log } from "../log.ts";
import type { Manifests } from "../manifests.ts";
import { FollowedRun } from "./followedRun.ts";
import { rowsText } from "./rowsText.ts";
import { titleOf } from "./testGroups.ts";
import { ShownStates } from "./shownStates.ts";
import { TestItems, type KnownTest } from "./testItems.ts";
import { messageAt, say, tell } from "./testOutcome.ts";

/** Of one failed test: as many as one reads in a message; the preview shows all. */
const shownRows = 5;
/** Failed tests of one run whose rows are fetched. */
const shownTests = 10;

/**
 * dbt's tests in the editor's Test Explorer: listed as the manifest has them, run by dbt, with what became of them in any
 * run of this window, wherever it was started.
 */
export class TestExplorer implements vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #manifests: Manifests;
  readonly #controller = vscode.tests.createTestController("floeDbt", "Floe dbt");
  readonly #items = new TestItems(this.#controller);
  readonly #listening: vscode.Disposable;
  /** Versions of the manifests that are shown. */
  readonly #versions = new Map<string, number>();
  readonly #followed = new Map<string, FollowedRun>();
  /** Settled when a run that was started here has ended. */
  readonly #ends = new Map<string, () => void>();
  readonly #shown = new ShownStates();
  /** What was heard of runs that were not known yet while one was being started here: it may be that one. */
  #starting = 0;
  #unheard: RunChange[] = [];

  constructor(server: LanguageServer, manifests: Manifests) {
    this.#server = server;
    this.#manifests = manifests;
    this.#controller.refreshHandler = async () => {
      this.#versions.clear();
      await manifests.refresh();
    };
    this.#listening = vscode.Disposable.from(
      manifests.onDidChange((manifest) => this.#load(manifest ? [manifest] : manifests.all)),
      server.onRun((change) => this.#hear(change)),
      server.onDidChange(() => {
        if (!server.answers) this.#abandon();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#offerRuns()),
    );
    if (vscode.workspace.isTrusted) this.#offerRuns();
  }

  dispose(): void {
    this.#listening.dispose();
    this.#abandon();
    this.#controller.dispose();
  }

  /** In a workspace that is not trusted, tests are listed and nothing is there to run them. */
  #offerRuns(): void {
    this.#controller.createRunProfile(
      "Run",
      vscode.TestRunProfileKind.Run,
      (request, token) => this.#run(request, token),
      true,
    );
  }

  #load(manifests: readonly ManifestInfo[]): void {
    const { all, answered } = this.#manifests;
    if (answered) this.#items.keepOnly(all.map(({ projectDir }) => projectDir));
    for (const manifest of manifests) {
      const { projectDir, version, state } = manifest;
      if (state !== "ready" || this.#versions.get(projectDir) === version) continue;
      this.#versions.set(projectDir, version);
      this.#read(manifest).catch((error: unknown) => {
        this.#versions.delete(projectDir);
        if (!isCancellation(error)) log.warn(`The tests could not be listed: ${errorMessage(error)}`);
      });
    }
  }

  async #read({ projectDir, projectName, version }: ManifestInfo): Promise<void> {
    const { testsRequest } = await import("../../protocol/requests.ts");
    const { tests } = await this.#server.request(testsRequest, { projectDir });
    if (this.#versions.get(projectDir) !== version) return;
    this.#items.set(projectDir, projectName, tests);
    this.#tellLastRun(projectDir, tests);
  }

  /** What the artifacts say of the last run, where it is another than what is shown. */
  #tellLastRun(projectDir: string, tests: readonly TestFacts[]): void {
    // While dbt runs, its events say more than what it has left before.
    if ([...this.#followed.values()].some((run) => run.projectDir === projectDir)) return;
    const news = tests.filter((facts) => {
      const { uniqueId, status } = facts;
      return status !== null && this.#shown.isNews(projectDir, uniqueId, status, Date.now());
    });
    const known = news.flatMap(({ uniqueId }) => this.#items.of(projectDir, uniqueId) ?? []);
    if (known.length === 0) return;
    const request = new vscode.TestRunRequest(known.map(({ item }) => item));
    const run = this.#controller.createTestRun(request, "Last run of dbt", false);
    for (const test of known) {
      const { status, message } = test.facts;
      if (status === null) continue;
      tell(run, test, { status, message, seconds: null });
    }
    run.end();
  }

  /** Runs what a person asked for: one dbt command for each project. */
  async #run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    const included = request.include ?? [...this.#controller.items].map(([, item]) => item);
    const tests = this.#items.testsOf(included, request.exclude ?? []);
    const testRun = this.#controller.createTestRun(request);
    for (const { item } of tests) testRun.enqueued(item);
    try {
      const byProject = Map.groupBy(tests, ({ projectDir }) => projectDir);
      await Promise.all(
        [...byProject].map(([projectDir, those]) => this.#runProject(testRun, projectDir, those, token)),
      );
    } finally {
      testRun.end();
    }
  }

  async #runProject(
    testRun: vscode.TestRun,
    projectDir: string,
    tests: readonly KnownTest[],
    token: vscode.CancellationToken,
  ): Promise<void> {
    const all = this.#items.all.filter((test) => test.projectDir === projectDir).length === tests.length;
    const followed = new FollowedRun(this.#items, testRun, projectDir, tests);
    const { cancelRunRequest, startRunRequest } = await import("../../protocol/requests.ts");
    const ended = Promise.withResolvers<undefined>();
    this.#starting++;
    let id: string;
    try {
      const facts = tests.map((test) => test.facts);
      ({ id } = await this.#server.request(startRunRequest, {
        projectDir,
        verb: "test",
        title: titleOf(facts, all),
        ...(all ? {} : { select: [...new Set(facts.map(({ selector }) => selector))].join(" ") }),
      }));
      this.#followed.set(id, followed);
      this.#ends.set(id, () => ended.resolve(undefined));
    } catch (error) {
      followed.close({ state: "error", message: errorMessage(error) });
      return;
    } finally {
      this.#starting--;
      if (this.#starting === 0) for (const change of this.#unheard.splice(0)) this.#hear(change);
    }
    const cancel = (): void => {
      this.#server.request(cancelRunRequest, { id }).catch((error: unknown) => {
        if (!isCancellation(error)) say(testRun, `Cancelling did not work: ${errorMessage(error)}`);
      });
    };
    const listening = token.onCancellationRequested(cancel);
    if (token.isCancellationRequested) cancel();
    await ended.promise;
    listening.dispose();
    if (!token.isCancellationRequested) await this.#addRows(followed, token);
  }

  #hear(change: RunChange): void {
    const { run, nodes } = change;
    const followed = this.#followed.get(run.id) ?? this.#startedElsewhere(change);
    if (!followed) {
      if (this.#starting > 0) this.#unheard.push(change);
      return;
    }
    followed.take(nodes);
    for (const { uniqueId, status } of nodes) {
      if (followed.told.has(uniqueId)) this.#shown.live(followed.projectDir, uniqueId, status, Date.now());
    }
    if (goesOn(run.state)) return;
    followed.close(run);
    this.#followed.delete(run.id);
    const end = this.#ends.get(run.id);
    this.#ends.delete(run.id);
    if (end) end();
    else followed.testRun.end();
  }

  /** A run of tests that was started by a command, a task or the Runs view shows here as well. */
  #startedElsewhere({ run, nodes }: RunChange): FollowedRun | undefined {
    if (this.#starting > 0) return undefined;
    const { projectDir } = run.request;
    const tests = nodes.flatMap(({ uniqueId }) => this.#items.of(projectDir, uniqueId) ?? []);
    if (tests.length === 0 || run.state === "queued") return undefined;
    const request = new vscode.TestRunRequest(tests.map(({ item }) => item));
    const testRun = this.#controller.createTestRun(request, run.title, false);
    const followed = new FollowedRun(this.#items, testRun, projectDir, []);
    this.#followed.set(run.id, followed);
    return followed;
  }

  /** The first rows that fail each test, where the environment can fetch them; without them the message has to do. */
  async #addRows(run: FollowedRun, token: vscode.CancellationToken): Promise<void> {
    const { failingRowsRequest } = await import("../../protocol/requests.ts");
    const project = this.#server.projects.find(({ projectDir }) => projectDir === run.projectDir);
    if (project && !can(project, "preview")) return;
    const failed = run.failed.filter(({ facts }) => facts.kind !== "unit").slice(0, shownTests);
    for (const test of failed) {
      if (token.isCancellationRequested) return;
      const { projectDir } = run;
      const { uniqueId } = test.facts;
      try {
        const params = { projectDir, uniqueId, limit: shownRows };
        const found = await this.#server.request(failingRowsRequest, params, token);
        if (found.rows.length === 0) continue;
        const text = `Rows that fail it${found.limited ? `, the first ${shownRows}` : ""}:\n${rowsText(found)}`;
        run.testRun.failed(test.item, messageAt(test, text));
      } catch (error) {
        if (isCancellation(error)) return;
        say(run.testRun, `The rows that fail it could not be fetched: ${errorMessage(error)}`, test.item);
      }
    }
  }

  /** The server has gone, and with it whatever it ran. */
  #abandon(): void {
    for (const [id, followed] of this.#followed) {
      followed.close({ state: "interrupted", message: "The language server ended while dbt ran." });
      const end = this.#ends.get(id);
      if (end) end();
      else followed.testRun.end();
    }
    this.#followed.clear();
    this.#ends.clear();
    this.#versions.clear();
  }
}

const goesOn = (state: RunState): boolean => state === "queued" || state === "running";
