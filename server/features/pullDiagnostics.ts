import { DocumentDiagnosticReportKind } from "vscode-languageserver/node";
import type { Feature } from "./feature.ts";

/** textDocument/diagnostic, for clients that ask (see ClientFacts.pullsDiagnostics); all others are pushed to. */
export const pullDiagnostics: Feature = {
  capabilities: (client) =>
    client.pullsDiagnostics
      ? {
          diagnosticProvider: {
            identifier: "floe-dbt",
            interFileDependencies: true,
            workspaceDiagnostics: false,
          },
        }
      : {},
  register({ connection, client, documents, diagnostics, linting, log }) {
    if (!client.pullsDiagnostics) return;
    connection.languages.diagnostics.on(async ({ textDocument, previousResultId }) => {
      const file = documents.ofUri(textDocument.uri);
      if (!file) return { kind: DocumentDiagnosticReportKind.Full, items: [] };
      try {
        await linting.settled(file.filePath);
      } catch (error) {
        log.error(`Waiting for the lint of ${file.filePath} failed: ${String(error)}`);
      }
      const resultId = diagnostics.resultId(file.filePath);
      return resultId === previousResultId
        ? { kind: DocumentDiagnosticReportKind.Unchanged, resultId }
        : { kind: DocumentDiagnosticReportKind.Full, resultId, items: diagnostics.of(file.filePath) };
    });
  },
};
