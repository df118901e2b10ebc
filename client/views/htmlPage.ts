// What the pages shown in the editor have in common: a document that lets nothing in but its own, links that run commands, text
// that stays text, and the look of both.

/** The script and the style of a page that has a script. */
export interface PageFiles {
  script: string;
  style: string;
  /** Where the style comes from, for the policy. */
  cspSource: string;
}

/**
 * A whole document. Nothing but its own style and script is let in.
 * @param look its style as CSS, or the files of a page that has a script
 */
export function htmlPage(title: string, nonce: string, look: string | PageFiles, body: string): string {
  const isStatic = typeof look === "string";
  const policy = isStatic
    ? `style-src 'nonce-${nonce}'`
    : `style-src ${look.cspSource}; script-src 'nonce-${nonce}'`;
  const style = isStatic
    ? `<style nonce="${nonce}">${look}</style>`
    : `<link rel="stylesheet" href="${look.style}">`;
  const script = isStatic ? "" : `<script nonce="${nonce}" src="${look.script}"></script>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; ${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
${style}
</head>
<body>
${body}${script}
</body>
</html>`;
}

/** A link that looks like a button and runs a command; Tab reaches it. */
export function commandButton(title: string, command: string, args: readonly unknown[] = []): string {
  return `<a class="button" href="${commandHref(command, args)}">${escapeHtml(title)}</a>`;
}

export function commandHref(command: string, args: readonly unknown[] = []): string {
  const query = args.length === 0 ? "" : `?${encodeURIComponent(JSON.stringify(args))}`;
  return escapeHtml(`command:${command}${query}`);
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Colours are the theme's; borders are drawn where high contrast asks for them. */
export const reportStyle = `
body { padding: 0 1.5rem 2rem; color: var(--vscode-foreground); font: var(--vscode-font-size)/1.5 var(--vscode-font-family); }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0.5rem; }
table { border-collapse: collapse; } th { text-align: left; font-weight: normal; color: var(--vscode-descriptionForeground); padding: 0.15rem 1.5rem 0.15rem 0; }
code { font-family: var(--vscode-editor-font-family); overflow-wrap: anywhere; }
ul { list-style: none; padding: 0; margin: 0; }
ul.problems li { padding: 0.4rem 0.8rem; margin: 0.3rem 0; border-left: 3px solid var(--vscode-editorWarning-foreground); background: var(--vscode-textBlockQuote-background); overflow-wrap: anywhere; }
ul.problems li.error { border-left-color: var(--vscode-editorError-foreground); }
a { color: var(--vscode-textLink-foreground); }
a.button { display: inline-block; padding: 0.1rem 0.7rem; text-decoration: none; border-radius: 2px; color: var(--vscode-button-secondaryForeground);
  background: var(--vscode-button-secondaryBackground); border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
a.button:hover { background: var(--vscode-button-secondaryHoverBackground); }
a:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
`;
