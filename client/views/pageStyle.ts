/** Colours are the theme's; borders are drawn where high contrast asks for them. */
export const pageStyle = `
body { padding: 0 1.5rem 2rem; color: var(--vscode-foreground); font: var(--vscode-font-size)/1.5 var(--vscode-font-family); }
main { max-width: 64rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0.5rem; }
h1 { font-size: 1.4em; font-weight: 600; } h2 { font-size: 1.1em; margin: 1.4rem 0 0.3rem; }
.verdict { font-size: 1.2em; padding: 0.6rem 1rem; margin: 0.5rem 0 1rem; border-left: 4px solid var(--vscode-editorWarning-foreground); background: var(--vscode-textBlockQuote-background); }
.verdict.good { border-left-color: var(--vscode-charts-green); }
table { border-collapse: collapse; } th { text-align: left; font-weight: normal; color: var(--vscode-descriptionForeground); padding: 0.15rem 1.5rem 0.15rem 0; }
td { padding: 0.15rem 1.5rem 0.15rem 0; text-align: right; } code { font-family: var(--vscode-editor-font-family); overflow-wrap: anywhere; }
ul { list-style: none; padding: 0; margin: 0; } ul.plain li { padding: 0.2rem 0; }
ul.problems li { padding: 0.4rem 0.8rem; margin: 0.3rem 0; border-left: 3px solid var(--vscode-editorWarning-foreground); background: var(--vscode-textBlockQuote-background); overflow-wrap: anywhere; }
ul.problems li.error { border-left-color: var(--vscode-editorError-foreground); }
a { color: var(--vscode-textLink-foreground); }
a.button { display: inline-block; padding: 0.1rem 0.7rem; text-decoration: none; border-radius: 2px; color: var(--vscode-button-secondaryForeground);
  background: var(--vscode-button-secondaryBackground); border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
a.button:hover { background: var(--vscode-button-secondaryHoverBackground); }
a:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
`;
