/** Characters that are not shown, and those that turn the direction of what is around them. */
const unseen = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g;

/** Text from outside, as Markdown that shows it letter for letter: no link, no HTML, no image comes of it. */
export function plainMarkdown(text: string): string {
  return cleanText(text)
    .split("\n")
    .map((line) => line.trim().replace(/[!-/:-@[-`{-~]/g, "\\$&"))
    .join("  \n");
}

/** Text from outside without what cannot be seen. */
export function cleanText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(unseen, "");
}

/** No more than so many characters, and a sign that there were more. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).trimEnd()} …`;
}
