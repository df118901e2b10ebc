import type { Connection } from "vscode-languageserver/node";
import { parseSettings, type Settings } from "../../protocol/settings.ts";
import type { Log } from "../platform/log.ts";
import { uriOfPath } from "../platform/uri.ts";

/** The settings of each folder, asked of the client once and kept until it says they changed. */
export class SettingsStore {
  readonly #connection: Connection;
  readonly #asks: boolean;
  readonly #log: Log;
  readonly #byFolder = new Map<string, Promise<Settings>>();
  /** For clients that cannot be asked: what they told at start or with the last change. */
  #told: unknown;

  constructor(options: { connection: Connection; asks: boolean; initial: unknown; log: Log }) {
    this.#connection = options.connection;
    this.#asks = options.asks;
    this.#told = options.initial;
    this.#log = options.log;
  }

  /** Never rejects: a value that does not fit is its default, and one line in the log. */
  get(folder: string): Promise<Settings> {
    let settings = this.#byFolder.get(folder);
    if (!settings) {
      settings = this.#read(folder);
      this.#byFolder.set(folder, settings);
    }
    return settings;
  }

  /** @param told the section `floeDbt` the client sent with the change, if any */
  changed(told: unknown): void {
    if (told !== undefined && told !== null) this.#told = told;
    this.#byFolder.clear();
  }

  async #read(folder: string): Promise<Settings> {
    let section = this.#told;
    if (this.#asks) {
      try {
        const answer: unknown = await this.#connection.workspace.getConfiguration({
          scopeUri: uriOfPath(folder),
          section: "floeDbt",
        });
        section = answer ?? this.#told;
      } catch (error) {
        this.#log.warn(`The client did not answer workspace/configuration: ${String(error)}`);
      }
    }
    const { settings, rejected } = parseSettings(section);
    for (const sentence of rejected) this.#log.warn(`Setting not accepted, its default is used: ${sentence}`);
    return settings;
  }
}
