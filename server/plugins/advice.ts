const selection = "The selection is not one that dbt understands:";

/** What a person can do about a failure whose words leave them there. The first that fits. */
const known: readonly [RegExp, (said: string) => string][] = [
  [
    /Could not set lock on file|Conflicting lock/,
    (said) =>
      `${said}\nClose the database in that program (another dbt, a notebook, a DuckDB shell), then try again.`,
  ],
  [
    /Connection refused|could not translate host name|Name or service not known|timed? ?out expired|Connection timed out/i,
    (said) => `${said}\nIs the warehouse up? Its host and port are those of the target in profiles.yml.`,
  ],
  [
    /'[^']*' is not a valid method name|Invalid node selector method/,
    (said) =>
      `${selection} ${said}. It takes a name, a path, or a method and a value such as tag:daily or source:raw.`,
  ],
  [
    /Invalid node spec|^Invalid selector `@/,
    (said) => `${selection} ${said}. "@" stands alone: it takes the children, and all their parents.`,
  ],
  [
    /state selector method, but no comparison manifest/,
    (said) => `${said}. Say where its artifacts are: --state=<folder>.`,
  ],
  [
    /Non-relative patterns are unsupported/,
    (said) => `${selection} ${said}. Write paths relative to the project's folder.`,
  ],
];

/** The message with what to do about it, where its own words do not say. */
export function withAdvice(message: string): string {
  const advice = known.find(([pattern]) => pattern.test(message))?.[1];
  return advice ? advice(message.replace(/^Runtime Error\s+/, "").replace(/\.$/, "")) : message;
}

/** What dbt says of a selection it does not understand, with what to write instead where that is known. */
export function badSelection(message: string): string {
  const advised = withAdvice(message);
  return advised === message ? `${selection} ${message}` : advised;
}

/** Whether dbt could not read what was asked of it. */
export const isBadSelection = (message: string): boolean =>
  /is not a valid method name|Invalid selector|Invalid node spec|^Could not find selector|no comparison manifest|Non-relative patterns/m.test(
    message,
  );
