import * as vscode from "vscode";

/**
 * Opens a page that a service says is its own: over https, or of this machine.
 * @throws an error for a person, `otherwise`, where it is no such page
 */
export async function openWebPage(link: string | null, otherwise: string): Promise<void> {
  const address = link === null ? undefined : vscode.Uri.parse(link, true);
  const isHere = address?.scheme === "http" && address.authority.startsWith("127.0.0.1:");
  if (!address || !(address.scheme === "https" || isHere)) throw new Error(otherwise);
  await vscode.env.openExternal(address);
}
