import { DidChangeConfigurationNotification } from "vscode-languageserver/node";
import * as z from "zod";
import type { Feature } from "./feature.ts";

const toldSchema = z.object({ floeDbt: z.unknown() });

/** Settings that change, in whichever of the two ways a client tells. */
export const settingsChanges: Feature = {
  readsOnly: true,
  register({ connection, client, guard, settings, projects, linting, whenInitialized }) {
    connection.onDidChangeConfiguration(
      guard.event("Reading the settings", async (params) => {
        settings.changed(toldSchema.safeParse(params.settings).data?.floeDbt);
        await projects.reload();
        linting.relintOpen();
      }),
    );
    whenInitialized(async () => {
      if (!client.registersConfiguration) return;
      await connection.client.register(DidChangeConfigurationNotification.type, { section: "floeDbt" });
    });
  },
};
