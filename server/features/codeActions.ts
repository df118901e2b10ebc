import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type Diagnostic,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import * as z from "zod";
import { type IssueData, issueDataOf, messageOf } from "../lint/diagnostics.ts";
import { documentOfFile, editsBetween } from "../lint/edits.ts";
import { excludeRule } from "../lint/excludeRule.ts";
import { isSql } from "../lint/linting.ts";
import { noqaEdit } from "../lint/noqa.ts";
import type { OpenFile } from "../lint/openDocuments.ts";
import { comparePositions } from "../lint/positions.ts";
import { uriOfPath } from "../platform/uri.ts";
import type { Project } from "../projects/project.ts";
import { fixFileCommand } from "./executeCommand.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { fixesOfDocument } from "./fixes.ts";
import { signalOf } from "./guard.ts";
import { movedOn, workspaceEdit } from "./workspaceEdits.ts";

/** The kind editors name in "code actions on save". */
export const fixAllKind = `${CodeActionKind.SourceFixAll}.floeDbt`;

/** What a fix that is worked out only when it is chosen takes along. */
const fixDataSchema = z.object({
  uri: z.string(),
  version: z.int(),
  rules: z.array(z.string()).optional(),
});
type FixData = z.infer<typeof fixDataSchema>;

/** Quick fixes for an issue, fix-all, noqa, excluding a rule, and the rule's page. */
export const codeActions: Feature = {
  capabilities: () => ({
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, fixAllKind], resolveProvider: true },
  }),
  register(context) {
    const { connection, guard } = context;
    connection.onCodeAction(
      guard.passive("Code actions", (params, token) => actionsFor(context, params, signalOf(token))),
    );
    connection.onCodeActionResolve((action, token) =>
      // A fix that could not be worked out has to be said: the person chose it.
      guard.command(action.title, resolved)(context, action, signalOf(token)),
    );
  },
};

async function actionsFor(
  context: ServerContext,
  { textDocument, range, context: wanted }: CodeActionParams,
  signal: AbortSignal,
): Promise<CodeAction[]> {
  const file = context.documents.ofUri(textDocument.uri);
  const project = file && isSql(file) ? await context.projects.of(file.filePath) : null;
  if (!file || !project) return [];
  const { document, filePath } = file;
  const canFix = project.plugin().capabilities.has("fixText");
  const actions: CodeAction[] = [];

  if (isWanted(CodeActionKind.QuickFix, wanted.only)) {
    const here = (context.diagnostics.ofVersion(filePath, document.version) ?? []).filter(
      (diagnostic) =>
        comparePositions(diagnostic.range.start, range.end) <= 0 &&
        comparePositions(range.start, diagnostic.range.end) <= 0,
    );
    const offers: Offers[] = [];
    for (const diagnostic of here) {
      const issue = issueDataOf(diagnostic);
      if (issue) offers.push(await offersFor(context, project, file, diagnostic, issue, canFix));
    }
    const fixable = here.filter((diagnostic) => issueDataOf(diagnostic)?.fixable);
    // Several issues at one place: what one would choose first stands first, whichever issue it is for.
    actions.push(
      ...offers.flatMap(({ fix }) => fix),
      ...offers.flatMap(({ fixRule }) => fixRule),
      ...(canFix && fixable.length > 0 ? [fixFile(document, fixable)] : []),
      ...offers.flatMap(({ silence }) => silence),
      ...offers.flatMap(({ exclude }) => exclude),
      ...offers.flatMap(({ page }) => page),
    );
  }
  // Only where it is asked for by its kind: an editor that lists everything has the quick fix above.
  if (canFix && wanted.only?.some((kind) => isOfKind(fixAllKind, kind))) {
    actions.push({
      title: "Fix all SQLFluff issues",
      kind: fixAllKind,
      data: { uri: document.uri, version: document.version } satisfies FixData,
    });
  }
  const unique = withoutTwins(actions);
  if (context.client.resolvesEdits) return unique;
  // A client that cannot ask again gets what it asked for by name now; what else takes a lint to work out is a command.
  const ready: CodeAction[] = [];
  for (const action of unique) {
    if (action.data === undefined) ready.push(action);
    else if (action.kind === fixAllKind) ready.push(await resolved(context, action, signal));
    else if (context.client.appliesEdits && !context.client.ownCommands) ready.push(asCommand(action));
  }
  return ready;
}

function asCommand({ title, kind, diagnostics, data }: CodeAction): CodeAction {
  const { uri, rules } = fixDataSchema.parse(data);
  const command = { title, command: fixFileCommand, arguments: [{ uri, ...(rules && { rules }) }] };
  return { title, command, ...(kind !== undefined && { kind }), ...(diagnostics && { diagnostics }) };
}

function fixFile({ uri, version }: OpenFile["document"], diagnostics: Diagnostic[]): CodeAction {
  return {
    title: "Fix all SQLFluff issues in this file",
    kind: CodeActionKind.QuickFix,
    diagnostics,
    data: { uri, version } satisfies FixData,
  };
}

/** What is offered for one issue, by where it stands in the menu; empty lists where it is not offered. */
interface Offers {
  fix: CodeAction[];
  fixRule: CodeAction[];
  silence: CodeAction[];
  exclude: CodeAction[];
  page: CodeAction[];
}

async function offersFor(
  context: ServerContext,
  project: Project,
  { filePath, document }: OpenFile,
  diagnostic: Diagnostic,
  issue: IssueData,
  canFix: boolean,
): Promise<Offers> {
  const { rule, edits, ruleName } = issue;
  const { uri, version } = document;
  const base = { kind: CodeActionKind.QuickFix, diagnostics: [diagnostic] };
  const edited = (its: TextEdit[]): WorkspaceEdit =>
    workspaceEdit(context.client, [{ uri, version, edits: its }]);
  const offers: Offers = { fix: [], fixRule: [], silence: [], exclude: [], page: [] };
  if (edits && edits.length > 0) {
    const title = `Fix this ${rule}: ${messageOf(diagnostic)}`;
    offers.fix.push({ ...base, title, isPreferred: true, edit: edited(edits) });
  }
  if (canFix && issue.fixable) {
    const title = `Fix all ${rule} in this file`;
    offers.fixRule.push({ ...base, title, data: { uri, version, rules: [rule] } satisfies FixData });
  }
  if (diagnostic.source !== "sqlfluff") return offers;
  const noqa = noqaEdit(document, diagnostic.range.start.line, rule);
  if (noqa) offers.silence.push({ ...base, title: `Disable ${rule} for this line`, edit: edited([noqa]) });
  // Only rules have names; parse and template failures cannot be excluded.
  if (ruleName !== undefined && !["PRS", "TMP", "LXR"].includes(rule)) {
    const exclude = await excludeAction(context, project, filePath, rule);
    if (exclude) offers.exclude.push({ ...base, ...exclude });
  }
  const page = diagnostic.codeDescription?.href;
  if (context.client.ownCommands && page !== undefined) {
    const title = `Open the page of ${rule}`;
    const command = { title, command: "floeDbt.openRulePage", arguments: [page] };
    offers.page.push({ ...base, title, command });
  }
  return offers;
}

async function excludeAction(
  { client, documents }: ServerContext,
  project: Project,
  filePath: string,
  rule: string,
): Promise<{ title: string; edit: WorkspaceEdit } | null> {
  const change = await excludeRule(rule, filePath, {
    projectDir: project.dir,
    topDir: project.config.workspaceDir,
    adapterType: project.config.profile.adapterType,
    textOf: (each) => documents.textOf(each),
  });
  if (!change || (change.current === null && !(client.createsFiles && client.versionedEdits))) return null;
  const open = documents.get(change.filePath);
  const uri = open?.uri ?? uriOfPath(change.filePath);
  const document = open ?? documentOfFile(uri, change.current ?? "");
  const edits = editsBetween(document, change.changed);
  const name = change.filePath.split(/[\\/]/).at(-1) ?? "";
  return {
    title: `Exclude rule ${rule} in ${name}`,
    edit: workspaceEdit(client, [
      { uri, version: open?.version ?? null, edits, create: change.current === null },
    ]),
  };
}

/** Works out the edit of a fix that was chosen. @throws ResponseError if the document is no longer the one it was offered for */
async function resolved(
  context: ServerContext,
  action: CodeAction,
  signal: AbortSignal,
): Promise<CodeAction> {
  const data = fixDataSchema.safeParse(action.data).data;
  if (!data) return action;
  const file = context.documents.ofUri(data.uri);
  const project = file && (await context.projects.of(file.filePath));
  if (!file || !project || file.document.version !== data.version) throw movedOn();
  const fixes = await fixesOfDocument(context, project, file, {
    ...(data.rules && { rules: data.rules }),
    signal,
  });
  if ("refused" in fixes) {
    context.log.info(`${file.filePath} is not fixed: ${fixes.refused}`);
    return { ...action, edit: workspaceEdit(context.client, []) };
  }
  const { edits, version } = fixes;
  return { ...action, edit: workspaceEdit(context.client, [{ uri: data.uri, version, edits }]) };
}

/** Kinds are a hierarchy: asking for "source" means "source.fixAll.floeDbt" too. */
function isWanted(kind: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((wanted) => isOfKind(kind, wanted));
}

function isOfKind(kind: string, wanted: string): boolean {
  return wanted === "" || kind === wanted || kind.startsWith(`${wanted}.`);
}

/** Several issues of one rule on one line offer the same things. */
function withoutTwins(actions: readonly CodeAction[]): CodeAction[] {
  const seen = new Set<string>();
  return actions.filter((action) => {
    const key = JSON.stringify([action.title, action.edit, action.kind]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
