/** The preview's page: empty, for its script to fill. Nothing but that script and that style is let in. */
export function previewHtml(options: {
  script: string;
  style: string;
  /** Where the style comes from, for the policy. */
  cspSource: string;
  nonce: string;
}): string {
  const { script, style, cspSource, nonce } = options;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${cspSource}; script-src 'nonce-${nonce}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Query Results</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
