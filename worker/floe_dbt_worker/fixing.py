"""The text `sqlfluff fix` or `sqlfluff format` would leave, without writing it."""

from __future__ import annotations

from typing import Any

from floe_dbt_worker.configuration import FORMAT_RULES
from floe_dbt_worker.linting import Linting


def fixed_text(
    linting: Linting, path: str, text: str | None, rules: list[str] | None, formatting: bool
) -> dict[str, Any]:
    """@returns {"text"}, lines ending in "\\n", or {"text": None, "reason"}: never text of a broken file"""
    from sqlfluff.core.errors import SQLParseError, SQLTemplaterError

    def nothing(reason: str) -> dict[str, Any]:
        return {"text": None, "reason": reason}

    if text is None:
        read = linting.read(path)
        if not isinstance(read, tuple):
            return nothing(read.skipped or "the file cannot be read")
        text, encoding = read
    else:
        encoding = "utf8"
    chosen = FORMAT_RULES if formatting else ",".join(rules or [])
    rendered = linting.render(path, text, encoding, chosen)
    if rendered.answer is not None:
        return nothing(rendered.answer.skipped or rendered.answer.issues[0]["message"])
    parsed = linting.parse(rendered)
    linted = linting.run_rules(parsed, fix=True, encoding=encoding)
    even_unparsable = bool(parsed.config.get("fix_even_unparsable")) and not formatting
    broken = linted.num_violations(
        types=(SQLTemplaterError, SQLParseError), filter_ignore=False, filter_warning=False
    )
    if broken and not even_unparsable:
        return nothing("the file does not parse")
    if linted.num_violations(fixable=True, filter_warning=False) == 0 or linted.tree is None:
        return nothing("nothing to fix")
    mended, changed = linted.fix_string()
    return {"text": mended} if changed else nothing("nothing to fix")
