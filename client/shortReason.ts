const longest = 120;

/** The sentence of dbt's message that says what is wrong: not the one that says where, which the editor shows anyway. */
export function shortReason(message: string): string {
  const lines = message
    .split(/\r\n|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const [first = "", second] = lines;
  const isOnlyWhere = /^\w+ Error in \w+ \S+( \(.*\))?$/.test(first) || /^\w+ Error$/.test(first);
  const reason = isOnlyWhere && second !== undefined ? second : first;
  return reason.length > longest ? `${reason.slice(0, longest - 1)}…` : reason;
}
