import { pathOfUri } from "../platform/uri.ts";
import type { Feature } from "./feature.ts";

/** The folders of the workspace, and those that come and go. */
export const workspaceFolders: Feature = {
  readsOnly: true,
  capabilities: () => ({ workspace: { workspaceFolders: { supported: true, changeNotifications: true } } }),
  register({ connection, client, guard, projects, whenInitialized }) {
    let folders = client.folders;
    whenInitialized(async () => {
      if (client.notifiesFolders) {
        connection.workspace.onDidChangeWorkspaceFolders(
          guard.event("Changing the workspace folders", async ({ added, removed }) => {
            const gone = new Set(removed.map((folder) => pathOfUri(folder.uri)));
            const come = added.map((folder) => pathOfUri(folder.uri)).filter((folder) => folder !== null);
            folders = [...folders.filter((folder) => !gone.has(folder)), ...come];
            client.folders = folders;
            await projects.discover(folders);
          }),
        );
      }
      await projects.discover(folders);
    });
  },
};
