import type { RedactingLog } from "../../platform/log.ts";
import type { CloudSettings } from "./cloudSettings.ts";
import { tokenFromEnvironment } from "./cloudSettings.ts";

/** Tokens of this process, in memory alone: what somebody signed in with, else what the environment says. */
export class Tokens {
  readonly #known = new Map<string, string>();
  readonly #asked = new Map<string, Promise<void>>();
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: RedactingLog;
  readonly #ask: ((key: string) => Promise<string | null>) | undefined;

  /** @param ask the client for what it keeps */
  constructor(deps: {
    env: NodeJS.ProcessEnv;
    log: RedactingLog;
    ask?: ((key: string) => Promise<string | null>) | undefined;
  }) {
    this.#env = deps.env;
    this.#log = deps.log;
    this.#ask = deps.ask;
  }

  /** Asks the client, once for each secret. Never rejects. */
  async load(settings: CloudSettings): Promise<void> {
    const key = secretKey(settings);
    if (!this.#ask || key === null || this.#known.has(key)) return;
    let asking = this.#asked.get(key);
    if (!asking) {
      asking = this.#ask(key).then(
        (token) => {
          if (token) this.keep(settings, token);
        },
        (error: unknown) => this.#log.warn(`The client gave no secret ${key}: ${String(error)}`),
      );
      this.#asked.set(key, asking);
    }
    await asking;
  }

  of(settings: CloudSettings): string | null {
    const key = secretKey(settings);
    const token =
      (key === null ? undefined : this.#known.get(key)) ??
      tokenFromEnvironment(settings.config?.apiToken ?? null, this.#env);
    this.#log.hide(token ?? undefined);
    return token;
  }

  keep(settings: CloudSettings, token: string): void {
    this.#log.hide(token);
    const key = secretKey(settings);
    if (key !== null) this.#known.set(key, token);
  }

  forget(settings: CloudSettings): void {
    const key = secretKey(settings);
    if (key !== null) this.#known.delete(key);
  }
}

/** One secret for each account and reference: a token is never sent to a host it was not given for. */
export function secretKey({ config }: CloudSettings): string | null {
  if (!config?.baseUrl || !URL.canParse(config.baseUrl)) return null;
  const { name = "dbt-cloud-api-token", key = null } = config.apiToken ?? {};
  return [new URL(config.baseUrl).origin, config.accountId ?? "", name, key ?? ""].join(" ");
}
