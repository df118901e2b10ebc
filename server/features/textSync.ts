import { TextDocumentSyncKind } from "vscode-languageserver/node";
import type { Feature } from "./feature.ts";

/** Text documents, incrementally; what is saved or typed counts at once, whether or not the client watches files. */
export const textSync: Feature = {
  readsOnly: true,
  capabilities: () => ({
    textDocumentSync: {
      openClose: true,
      change: TextDocumentSyncKind.Incremental,
      save: { includeText: false },
    },
  }),
  register({ connection, documents, projects, linting }) {
    documents.listen(connection);
    const typedConfig = ({ filePath }: { filePath: string }): void => {
      if (projects.readsConfigFrom(filePath)) void projects.reload([filePath]);
    };
    documents.on({
      opened: typedConfig,
      changed: typedConfig,
      closed: typedConfig,
      saved: ({ filePath }) => {
        for (const project of projects.affectedBy(filePath)) {
          if (project.started) project.plugin().filesChanged(project.ref, [filePath]);
        }
        if (isLinterConfig(filePath)) linting.relintOpen();
      },
    });
  },
};

const linterConfigs = new Set([
  ".sqlfluff",
  ".sqlfluffignore",
  "pyproject.toml",
  "setup.cfg",
  "tox.ini",
  "pep8.ini",
]);

export function isLinterConfig(filePath: string): boolean {
  return linterConfigs.has(filePath.split(/[\\/]/).at(-1) ?? "");
}
