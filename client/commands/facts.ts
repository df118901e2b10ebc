import type { ProjectCapability } from "../../protocol/capabilities.ts";

/** What package.json says of a command; its `contributes` is written from it (scripts/manifest.mjs). */
export interface CommandFacts {
  title: string;
  /** A codicon of VS Code. */
  icon: string;
  /** When the Command Palette offers it; always where absent. */
  palette?: string;
  /** When it can be carried out at all. */
  enablement?: string;
  /** What the environment must be able to do: no menu offers it where it cannot (client/capabilities.ts). */
  needs?: ProjectCapability;
  /** Further menus it is in, by menu id. */
  menus?: Record<string, MenuPlace | readonly MenuPlace[]>;
  keybinding?: { key: string; mac?: string; when: string };
}

interface MenuPlace {
  when: string;
  group: string;
}

/** A menu within menus; commands name it in their own `menus`. */
export interface SubmenuFacts {
  label: string;
  icon?: string;
  /** The menus it is in, by menu id. */
  places: Record<string, MenuPlace | readonly MenuPlace[]>;
}
