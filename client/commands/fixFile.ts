import { fixDocumentRequest } from "../../protocol/requests.ts";
import { applyFixes } from "../fixes.ts";
import { inform } from "../log.ts";
import { documentFor } from "./document.ts";
import type { CommandContext } from "./context.ts";

/** Mends all the linter can in one file, as one undoable edit. */
export async function fixFile({ server }: CommandContext, argument: unknown): Promise<void> {
  const document = await documentFor(argument);
  const { edit, reason } = await server.request(fixDocumentRequest, { uri: document.uri.toString() });
  if (!edit) {
    await inform(`Nothing was changed: ${reason ?? "there is nothing to fix"}.`);
    return;
  }
  await applyFixes(server, edit);
}
