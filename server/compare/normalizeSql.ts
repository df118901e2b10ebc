/**
 * SQL without what means nothing: runs of white space are one space, none beside punctuation, none at the ends. What is in
 * quotes stays as it is. For comparing only: a line comment swallows nothing, since both sides are treated alike.
 */
export function normalizeSql(sql: string): string {
  const parts =
    unwrapped(sql)
      .replaceAll("\r\n", "\n")
      .match(/'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|[^'"`]+|['"`]/g) ?? [];
  return parts
    .map((part) =>
      /^['"`]/.test(part) ? part : part.replace(/\s+/g, " ").replace(/ ?([(),;=<>+*/|-]) ?/g, "$1"),
    )
    .join("")
    .replace(/;+$/, "")
    .trim();
}

/**
 * A model on ephemeral ones: the v2 engine puts it into a sub-select after their CTEs, dbt-core joins its own CTEs to theirs.
 * Both mean one thing.
 */
function unwrapped(sql: string): string {
  return sql.replace(
    /\s*--EPHEMERAL-SELECT-WRAPPER-START\s*select \* from \(\s*(with\s+)?([\s\S]*?)\s*--EPHEMERAL-SELECT-WRAPPER-END\s*\)/gi,
    (_whole, own: string | undefined, inner: string) => `${own === undefined ? " " : ", "}${inner}`,
  );
}
