/**
 * SQL without what means nothing: runs of white space are one space, none beside punctuation, none at the ends. What is in
 * quotes stays as it is. For comparing only: a line comment swallows nothing, since both sides are treated alike.
 */
export function normalizeSql(sql: string): string {
  const parts =
    sql.replaceAll("\r\n", "\n").match(/'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|[^'"`]+|['"`]/g) ?? [];
  return parts
    .map((part) =>
      /^['"`]/.test(part) ? part : part.replace(/\s+/g, " ").replace(/ ?([(),;=<>+*/|-]) ?/g, "$1"),
    )
    .join("")
    .replace(/;+$/, "")
    .trim();
}
