"""Which texts may render differently next time although nothing changed: they read the clock, or chance."""

from __future__ import annotations

import re
from typing import Any, Iterable

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_DISPATCHED = re.compile(r"\bdispatch\s*\(\s*(?:macro_name\s*=\s*)?['\"](\w+)['\"]")
_WORD = re.compile(r"[A-Za-z_]\w*")
_CLOCK = re.compile(
    r"\b(?:run_started_at|invocation_id|py_current_timestring|lipsum)\b"
    r"|\bmodules\s*(?:\.|\[\s*['\"])\s*(?:datetime|pytz)\b"
    r"|\|\s*random\b"
)


class ClockReaders:
    """Found by name, so a text may be suspected for nothing: it is rendered again then, no more."""

    def __init__(self, macros: Iterable[Any]) -> None:
        words = [
            (_public_name(macro.name), _names_used(macro.macro_sql), bool(_CLOCK.search(macro.macro_sql)))
            for macro in macros
        ]
        self._names = {name for name, _, reads in words if reads}
        known = -1
        while known != len(self._names):
            known = len(self._names)
            self._names |= {name for name, used, _ in words if not self._names.isdisjoint(used)}

    def may_differ(self, text: str) -> bool:
        return bool(_CLOCK.search(text)) or not self._names.isdisjoint(_names_used(text))


def _public_name(name: str) -> str:
    """The name a dispatched macro is called by: "default__now" is now."""
    return name.split("__", 1)[1] if "__" in name else name


def _names_used(text: str) -> set[str]:
    """Names in the Jinja of a text, which may be macros'. What is in quotes names none, but for a dispatch."""
    names: set[str] = set()
    for block in _JINJA.findall(text):
        names.update(_DISPATCHED.findall(block))
        names.update(_WORD.findall(_STRING.sub("", block)))
    return names
