/** Text without the colours that dbt writes for a terminal, and leaves in its artifacts as well. */
export function withoutColours(text: string): string {
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "");
}
