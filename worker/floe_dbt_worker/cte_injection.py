"""dbt puts the SQL of ephemeral models in front of a query with sqlparse, which takes seconds for a query of
some thousand lines. Most queries let the place be told from their first word; the others are left to dbt.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Iterator

_LEAD = re.compile(r"(?:\s+|--[^\r\n]*(?:\r\n|\r|\n)|/\*(?:(?!/\*).)*?\*/)*", re.DOTALL)
"""Space and comments before the first word; none that sqlparse may see otherwise, such as nested ones."""
_WITH = re.compile(r"with\s+(?!\s|with|recursive)", re.IGNORECASE)
_ANY_WITH = re.compile(r"with", re.IGNORECASE)
_FIRST_WORD = re.compile(r"[a-z]+(?=\s)", re.IGNORECASE)
_TOKEN = re.compile(r"\w+|\W")
_OPENING = re.compile(r"[(\[]|\b(?:case|if|for|begin)\b", re.IGNORECASE)
_FEWEST_TOO_MANY, _FEWEST_TOO_DEEP = 5000, 50
"""Half of sqlparse's limits: what it counts as a token or a level may be a little more than these find."""

_limited = False


def inject(sql: str, ctes: list[Any]) -> str | None:
    """@returns what dbt's inject_ctes_into_sql makes of it; None where only dbt can tell"""
    if not ctes:
        return sql
    if ";" in sql:
        return None  # dbt keeps the first statement alone; where that ends is sqlparse's to say
    lead = _LEAD.match(sql)
    start = lead.end() if lead else 0
    joined = ", ".join(cte.sql for cte in ctes)
    found = _WITH.match(sql, start)
    if found:
        return f"{sql[: found.end()]}{joined}, {sql[found.end() :]}"
    # dbt takes the first keyword WITH at the top of the statement, wherever that is.
    if _ANY_WITH.search(sql) or not _FIRST_WORD.match(sql, start):
        return None
    first = len(sql) - len(sql.lstrip())
    return f"{sql[:first]}with{joined} {sql[first:]}"


@contextmanager
def limited() -> Iterator[None]:
    """While the block runs, sqlparse refuses what it finds too long or too deep, as it does under `sqlfluff lint`.

    dbt's own commands lift its limits.
    """
    global _limited
    _limited = True
    try:
        yield
    finally:
        _limited = False


def _may_be_refused(sql: str) -> bool:
    return len(_TOKEN.findall(sql)) >= _FEWEST_TOO_MANY or len(_OPENING.findall(sql)) >= _FEWEST_TOO_DEEP


def use_quick_injection() -> None:
    """For this process; where a dbt has no such function, nothing changes."""
    from dbt import compilation

    slow = getattr(compilation, "inject_ctes_into_sql", None)
    if slow is None or getattr(slow, "floe_quick", False):
        return

    def quick(sql: str, ctes: list[Any]) -> str:
        done = None if _limited and _may_be_refused(sql) else inject(sql, ctes)
        return slow(sql, ctes) if done is None else done

    quick.floe_quick = True  # type: ignore[attr-defined]
    compilation.inject_ctes_into_sql = quick
