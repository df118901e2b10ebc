const longest = 120;

/** "Compilation Error in model huts (models/huts.sql)", in a line of its own or before what is wrong. */
const where = /^\w+ Error(?: in \w+ \S+(?: \([^)]*\))?)?(?:\s+|$)/;
/** "Model 'model.shop.huts' (models/huts.sql)", before the node that it depends on. */
const who = /^\w+ '[^']+'(?: \([^)]*\))? (?=depends on )/;

/** The sentence of dbt's message that says what is wrong: not the one that says where, which the editor shows anyway. */
export function shortReason(message: string): string {
  const words = message.trim().replace(where, "").replace(who, "") || message.trim();
  const [reason = ""] = words.split(/\s*[\r\n]\s*/);
  return reason.length > longest ? `${reason.slice(0, longest - 1)}…` : reason;
}
