import type { InitializeParams } from "vscode-languageserver-protocol";
import * as z from "zod";
import type { InitializationOptions } from "../protocol/requests.ts";
import { pathOfUri } from "./platform/uri.ts";

/** What the client said of itself at start, in the words of what the server decides by it. */
export interface ClientFacts {
  /** Absolute paths of the workspace folders at start. */
  folders: string[];
  /** Settings for clients that cannot be asked for them. */
  initialSettings: unknown;
  storageDir: string | null;
  /** The workspace is trusted; where it is not, nothing is started and nobody is asked. */
  trusted: boolean;
  /** It answers workspace/configuration. */
  answersConfiguration: boolean;
  /** It answers dbt/pythonInterpreter. */
  knowsPython: boolean;
  /** It answers dbt/secret and dbt/confirmTrigger. */
  knowsRemote: boolean;
  /** It has commands of its own (VS Code); the server then advertises none. */
  ownCommands: boolean;
  /**
   * It asks for diagnostics, and is not our own client, which shows pushed ones: those of closed files and of a project
   * lint have no document to be asked for.
   */
  pullsDiagnostics: boolean;
  refreshesDiagnostics: boolean;
  watchesFiles: boolean;
  /** It watches files outside its workspace folders, such as ~/.dbt/profiles.yml. */
  watchesOutside: boolean;
  notifiesFolders: boolean;
  registersConfiguration: boolean;
  /** Edits of its workspace may name the version they are for, create files and ask for confirmation. */
  versionedEdits: boolean;
  createsFiles: boolean;
  confirmsEdits: boolean;
  /** It fetches the edit of a code action when the action is chosen. */
  resolvesEdits: boolean;
  /** It applies an edit the server sends on its own account. */
  appliesEdits: boolean;
  showsProgress: boolean;
  markdownHovers: boolean;
  refreshesLenses: boolean;
  /** It asks for the line of a workspace symbol when that is chosen. */
  resolvesSymbols: boolean;
}

const optionsSchema: z.ZodType<InitializationOptions> = z.object({
  settings: z.unknown().optional(),
  storageDir: z.string().optional().catch(undefined),
  pythonInterpreter: z.boolean().optional().catch(undefined),
  remote: z.boolean().optional().catch(undefined),
  ownCommands: z.boolean().optional().catch(undefined),
  // What is no boolean says nothing of trust, so there is none.
  trusted: z.boolean().optional().catch(false),
}) as z.ZodType<InitializationOptions>;

export function clientFacts(params: InitializeParams): ClientFacts {
  const { workspace, textDocument, window } = params.capabilities;
  const options = optionsSchema.safeParse(params.initializationOptions ?? {}).data ?? {};
  const ownCommands = options.ownCommands === true;
  return {
    folders: foldersOf(params),
    initialSettings: options.settings,
    storageDir: options.storageDir ?? null,
    trusted: options.trusted ?? true,
    answersConfiguration: workspace?.configuration === true,
    knowsPython: options.pythonInterpreter === true,
    knowsRemote: options.remote === true,
    ownCommands,
    pullsDiagnostics: textDocument?.diagnostic !== undefined && !ownCommands,
    refreshesDiagnostics: workspace?.diagnostics?.refreshSupport === true,
    watchesFiles: workspace?.didChangeWatchedFiles?.dynamicRegistration === true,
    watchesOutside: workspace?.didChangeWatchedFiles?.relativePatternSupport === true,
    notifiesFolders: workspace?.workspaceFolders === true,
    registersConfiguration: workspace?.didChangeConfiguration?.dynamicRegistration === true,
    versionedEdits: workspace?.workspaceEdit?.documentChanges === true,
    createsFiles: workspace?.workspaceEdit?.resourceOperations?.includes("create") === true,
    confirmsEdits: workspace?.workspaceEdit?.changeAnnotationSupport !== undefined,
    resolvesEdits: textDocument?.codeAction?.resolveSupport?.properties.includes("edit") === true,
    appliesEdits: workspace?.applyEdit === true,
    showsProgress: window?.workDoneProgress === true,
    markdownHovers: textDocument?.hover?.contentFormat?.includes("markdown") === true,
    refreshesLenses: workspace?.codeLens?.refreshSupport === true,
    resolvesSymbols: workspace?.symbol?.resolveSupport?.properties.includes("location.range") === true,
  };
}

function foldersOf(params: InitializeParams): string[] {
  const uris = params.workspaceFolders?.map((folder) => folder.uri) ?? [];
  if (uris.length > 0) return uris.map(pathOfUri).filter((folder) => folder !== null);
  // Clients of before workspace folders name one root, those of before URIs its path.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const { rootUri, rootPath } = params;
  const folder = (rootUri && pathOfUri(rootUri)) ?? rootPath;
  return folder ? [folder] : [];
}
