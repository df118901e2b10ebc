/** What must never reach a label: control characters, and those that turn the direction of the text around them. */
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text of dbt, of a warehouse or of a file, to be shown as it is on several lines. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(unprintable, "");
}

/** The first line that says something, cut where it is longer than a row can show. */
export function firstLine(text: string, most = 120): string {
  const line =
    plainText(text)
      .split("\n")
      .map((each) => each.replaceAll("\t", " ").trim())
      .find((each) => each !== "") ?? "";
  return line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line;
}
