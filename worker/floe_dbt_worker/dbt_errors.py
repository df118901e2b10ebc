"""dbt's exceptions as one sentence for a person, with the file and line they speak of."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Iterator

from floe_dbt_worker.protocol import clean

_FILE = re.compile(r"([\w./\\ ~+@#-]+\.(?:sql|yml|yaml|py|md|csv))\b")
_LINE = re.compile(r"\bline:? (\d+)\b")
_EXCERPT = re.compile(r"\n\s*-{20,}\n.*?\n\s*Raw Error:\n\s*-{20,}\n\s*", re.DOTALL)
"""The lines of a YAML file dbt quotes around a mistake: in profiles.yml they may hold a password."""
_PARSER_WORDS = re.compile(r'\n?\s*in "<unicode string>", line \d+, column \d+:?(\n(?=\s).*)*')
"""Where the YAML parser stood, with the text there, once more."""
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
    if isinstance(error, UnicodeDecodeError):
        return _undecodable(error)
    whole = clean(str(error)) or type(error).__name__
    text = _NOISE.sub("", _PARSER_WORDS.sub("", _EXCERPT.sub(": ", whole))).strip()
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(('File "', "Traceback"))]
    message = " ".join(lines[:12])
    if len(message) > 1000:
        message = message[:1000] + "..."
    if isinstance(error, UnicodeDecodeError):
        undecodable = _undecodable_file(project_dir)
        if undecodable:
            name = os.path.relpath(undecodable, project_dir)
            return DbtReason(f"dbt cannot read {name}: it is not UTF-8 text ({message}).", undecodable)
    match = _LINE.search(text)
    return DbtReason(message, _file_in(text, project_dir), int(match.group(1)) if match else None)


def _undecodable(error: UnicodeDecodeError) -> DbtReason:
    """dbt reads every file as UTF-8 and does not say which one is not; the frame that read it knows."""
    frame = error.__traceback__
    path: str | None = None
    while frame is not None:
        local = frame.tb_frame.f_locals.get("path")
        path = local if isinstance(local, str) and os.path.isfile(local) else path
        frame = frame.tb_next
    name = os.path.basename(path) if path else "a file of the project"
    return DbtReason(f"dbt cannot read {name}: it is not UTF-8 text.", path and os.path.abspath(path))


def _file_in(text: str, project_dir: str) -> str | None:
    for match in _FILE.finditer(text):
        words = match.group(1).strip()
        # The path may hold spaces: take the longest tail that is a file.
        while words:
            path = words if os.path.isabs(words) else os.path.join(project_dir, words)
            if os.path.isfile(path):
                return os.path.normpath(path)
            _, _, words = words.partition(" ")
    # dbt names property files by their path below one of its folders.
    for match in re.finditer(r"Error reading \S+: (.+?\.ya?ml) - ", text):
        tail = os.sep + os.path.normpath(match.group(1))
        found = [path for path in _files_of(project_dir) if path.endswith(tail)]
        if len(found) == 1:
            return found[0]
    return None


def _undecodable_file(project_dir: str) -> str | None:
    for path in _files_of(project_dir):
        if not path.endswith((".sql", ".md", ".yml", ".yaml", ".py")):
            continue
        try:
            with open(path, encoding="utf-8") as file:
                file.read()
        except UnicodeDecodeError:
            return path
        except OSError:
            continue
    return None


def _files_of(project_dir: str) -> Iterator[str]:
    """The project's own files: none of what is installed into it or written by dbt."""
    for folder, names, files in os.walk(project_dir):
        names[:] = sorted(
            name
            for name in names
            if not name.startswith(".")
            and name not in ("target", "logs", "dbt_packages", "dbt_modules", "node_modules")
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
        yield from (os.path.join(folder, file) for file in sorted(files))


def compile_line(error: BaseException, text: str, skipped: int = 0) -> tuple[int, int]:
    """Where in `text` a failed compile went wrong: (line, column), both from 1.

    dbt names a line for Jinja's syntax errors; for an unknown ref, source or macro we look for the call
    itself.
    @param skipped: lines at the beginning of `text` that dbt was not given
    """
    message = clean(str(error))
    name = getattr(error, "target_name", None)
    if isinstance(name, str):
        place = _first(text, rf"""(?:ref|source)\s*\([^)]*?['"]{re.escape(name.split(".")[-1])}['"]""")
        if place:
            return place
    match = re.search(r"Env var required but not provided: '(\w+)'", message)
    if match:
        place = _first(text, rf"\b{match.group(1)}\b")
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
        return (max(1, min(int(match.group(1)) + skipped, text.count("\n") + 1)), 1)
    return (1, 1)


def _first(text: str, pattern: str) -> tuple[int, int] | None:
    """The first match inside Jinja, where there is Jinja."""
    for match in re.finditer(pattern, text):
        before = text[: match.start()]
        if max(before.rfind("{{"), before.rfind("{%")) > max(before.rfind("}}"), before.rfind("%}")):
            return (before.count("\n") + 1, match.start() - before.rfind("\n"))
    return None
