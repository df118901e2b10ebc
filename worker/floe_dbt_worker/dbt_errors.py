"""dbt's exceptions as one sentence for a person, with the file and line they speak of."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from floe_dbt_worker.protocol import clean

_FILE = re.compile(r"([\w./\\ ~+@#-]+\.(?:sql|yml|yaml|py|md|csv))\b")
_LINE = re.compile(r"\bline:? (\d+)\b")
_NOISE = re.compile(
    r"^(dbt[\w.]*\.[\w.]*(?:Error|Exception)[\w]*: )|^(Encountered an error:)\s*", re.MULTILINE
)


@dataclass(frozen=True)
class DbtReason:
    message: str
    """What dbt says, without stack and ANSI, a few lines at most."""
    file_path: str | None = None
    line: int | None = None


def reason_of(error: BaseException, project_dir: str) -> DbtReason:
    text = _NOISE.sub("", clean(str(error)) or type(error).__name__).strip()
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(('File "', "Traceback"))]
    message = " ".join(lines[:12])
    if len(message) > 1000:
        message = message[:1000] + "..."
    match = _LINE.search(text)
    return DbtReason(message, _file_in(text, project_dir), int(match.group(1)) if match else None)


def _file_in(text: str, project_dir: str) -> str | None:
    for match in _FILE.finditer(text):
        words = match.group(1).strip()
        # The path may hold spaces: take the longest tail that is a file.
        while words:
            path = words if os.path.isabs(words) else os.path.join(project_dir, words)
            if os.path.isfile(path):
                return os.path.normpath(path)
            _, _, words = words.partition(" ")
    return None


def compile_line(error: BaseException, text: str) -> tuple[int, int]:
    """Where in `text` a failed compile went wrong: (line, column), both from 1.

    dbt names a line for Jinja's syntax errors; for an unknown ref, source or macro we look for the call
    itself.
    """
    message = clean(str(error))
    name = getattr(error, "target_name", None)
    if isinstance(name, str):
        place = _first(text, rf"""(?:ref|source)\s*\([^)]*?['"]{re.escape(name.split(".")[-1])}['"]""")
        if place:
            return place
    for pattern in (r"'([\w.]+)' is undefined", r"[Mm]acro '?(?:macro\.)?([\w.]+)'?"):
        match = re.search(pattern, message)
        if match:
            place = _first(text, rf"\b{re.escape(match.group(1).split('.')[-1])}\b")
            if place:
                return place
    match = _LINE.search(message)
    if match:
        return (max(1, min(int(match.group(1)), text.count("\n") + 1)), 1)
    return (1, 1)


def _first(text: str, pattern: str) -> tuple[int, int] | None:
    """The first match inside Jinja, where there is Jinja."""
    for match in re.finditer(pattern, text):
        before = text[: match.start()]
        if max(before.rfind("{{"), before.rfind("{%")) > max(before.rfind("}}"), before.rfind("%}")):
            return (before.count("\n") + 1, match.start() - before.rfind("\n"))
    return None
