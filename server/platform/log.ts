export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Values of variables with such names are secrets wherever they appear. */
const secretName = /(pass(word|wd)?|secret|token|private_?key|api_?key|credential)/i;

/**
 * A log through which no secret passes: values registered with `hide`, and `name=value` / `"name": "value"` pairs whose
 * name sounds like one, come out as `***`.
 */
export class RedactingLog implements Log {
  readonly #write: (level: keyof Log, message: string) => void;
  readonly #secrets = new Set<string>();

  constructor(write: (level: keyof Log, message: string) => void) {
    this.#write = write;
  }

  /** Values shorter than four characters are left alone: hiding them would blank half of every line. */
  hide(secret: string | undefined): void {
    if (secret && secret.length >= 4) this.#secrets.add(secret);
  }

  /** Hides the values of an environment whose names sound like secrets. */
  hideSecretsOf(environment: Record<string, string | undefined>): void {
    for (const [name, value] of Object.entries(environment)) if (secretName.test(name)) this.hide(value);
  }

  /** For messages that go to a person otherwise than through the log: only known secrets go, the rest stays word for word. */
  redactValues(message: string): string {
    let clean = message;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, "***");
    return clean;
  }

  redact(message: string): string {
    return this.redactValues(message).replace(
      /(["']?\b[\w.-]*(?:password|passwd|secret|token|private_?key|api_?key)[\w-]*["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)/gi,
      "$1***",
    );
  }

  debug(message: string): void {
    this.#write("debug", this.redact(message));
  }
  info(message: string): void {
    this.#write("info", this.redact(message));
  }
  warn(message: string): void {
    this.#write("warn", this.redact(message));
  }
  error(message: string): void {
    this.#write("error", this.redact(message));
  }
}
