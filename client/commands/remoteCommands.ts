import type { CommandFacts } from "./facts.ts";

/** The commands of environments that run elsewhere, and of their view: a part of list.ts. Imports nothing but types. */

const enablement = "floeDbt.running && isWorkspaceTrusted";
const hasRemote = "floeDbt.hasRemote";
const inView = "view == floeDbt.cloud";
const never = "false";
const row = (pattern: string): string => `${inView} && viewItem =~ /${pattern}/`;

export const remoteCommands = {
  "floeDbt.signIn": {
    title: "Sign in to dbt Cloud…",
    icon: "$(sign-in)",
    enablement,
    palette: hasRemote,
    menus: { "view/title": { when: `${inView} && floeDbt.remoteSignedOut`, group: "navigation@1" } },
  },
  "floeDbt.signOut": {
    title: "Sign out of dbt Cloud",
    icon: "$(sign-out)",
    enablement,
    palette: hasRemote,
    menus: { "view/title": { when: `${inView} && !floeDbt.remoteSignedOut`, group: "9_sign@1" } },
  },
  "floeDbt.refreshCloud": {
    title: "Refresh dbt Cloud",
    icon: "$(refresh)",
    enablement,
    palette: hasRemote,
    menus: { "view/title": { when: inView, group: "navigation@2" } },
  },
  "floeDbt.openInCloud": {
    title: "Open in dbt Cloud",
    icon: "$(link-external)",
    enablement,
    palette: never,
    menus: { "view/item/context": { when: row("\\bpage\\b"), group: "inline@9" } },
  },
  "floeDbt.showCloudText": {
    title: "Open Log or Artifact",
    icon: "$(output)",
    enablement,
    palette: never,
    menus: { "view/item/context": { when: row("\\btext\\b"), group: "inline@1" } },
  },
  "floeDbt.cancelCloudRun": {
    title: "Cancel in dbt Cloud",
    icon: "$(debug-stop)",
    enablement,
    palette: never,
    menus: { "view/item/context": { when: row("\\bgoesOn\\b"), group: "inline@2" } },
  },
  "floeDbt.retryCloudRun": {
    title: "Retry from Failure in dbt Cloud…",
    icon: "$(debug-rerun)",
    enablement,
    palette: never,
    menus: { "view/item/context": { when: row("\\bfailed\\b"), group: "inline@3" } },
  },
  "floeDbt.chooseCloudJob": {
    title: "Use This Job for…",
    icon: "$(pinned)",
    enablement,
    palette: never,
    menus: { "view/item/context": { when: row("\\bjob\\b"), group: "inline@1" } },
  },
} as const satisfies Record<string, CommandFacts>;
