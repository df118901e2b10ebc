const longest = 120;

/** "Compilation Error in model huts (models/huts.sql)", in a line of its own or before what is wrong. */
const where = /^\w+ Error(?: in \w+ \S+(?: \([^)]*\))?)?(?:\s+|$)/;
/** "Model 'model.shop.huts' (models/huts.sql)", before the node that it depends on. */
const who = /^\w+ '[^']+'(?: \([^)]*\))? (?=depends on )/;

/** dbt's message from where it says what is wrong: the editor shows anyway where that is. */
export function withoutPlace(message: string): string {
  const text = message.trim().replaceAll("\r\n", "\n");
  const [place = ""] = where.exec(text) ?? [];
  if (place.length === text.length) return text;
  const indent = /\n[ \t]*$/.exec(place)?.[0] ?? "\n";
  return text.slice(place.length).replaceAll(indent, "\n");
}

/** The sentence of dbt's message that says what is wrong: not the one that says where, which the editor shows anyway. */
export function shortReason(message: string): string {
  const words = withoutPlace(message).replace(who, "");
  const [reason = ""] = words.split(/\s*[\r\n]\s*/);
  return reason.length > longest ? `${reason.slice(0, longest - 1)}…` : reason;
}
