"""Answers kept so that nothing is linted twice: in memory by text, on disk by what the text rendered to."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from typing import Any, Callable

from floe_dbt_worker import VERSION

_MOST_IN_MEMORY = 20_000


def text_hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class LintCache:
    """`known`/`remember` skip even the rendering; `read`/`write` skip parsing and rules, also after a
    restart.
    """

    def __init__(self, folder: str | None, fingerprint: str, log: Callable[[str, str], None]) -> None:
        """@param fingerprint: the versions of everything that has a say in an answer"""
        self._folder = folder
        self._fingerprint = fingerprint
        self._log = log
        self._answers: dict[str, tuple[Any, dict[str, Any]]] = {}
        if folder is not None:
            try:
                os.makedirs(folder, exist_ok=True)
            except OSError as error:
                self._give_up(error)

    def known(self, path: str, state: Any) -> dict[str, Any] | None:
        """@param state: text, configuration epoch and project generation the answer was made from"""
        answer = self._answers.get(path)
        return answer[1] if answer is not None and answer[0] == state else None

    def remember(self, path: str, state: Any, answer: dict[str, Any]) -> None:
        if len(self._answers) >= _MOST_IN_MEMORY:
            self._answers.clear()
        self._answers[path] = (state, answer)

    def key(self, rendered: Any) -> str:
        """What the issues of a RenderedFile depend on, and nothing else."""
        digest = hashlib.blake2b(digest_size=20)
        config = {section: _plain(values) for section, values in rendered.config._configs.items()}
        for part in (
            self._fingerprint,
            json.dumps(config, sort_keys=True, default=repr),
            rendered.source_str,
            *(variant.templated_str for variant in rendered.templated_variants),
            *(repr((variant.sliced_file, variant.raw_sliced)) for variant in rendered.templated_variants),
            *(repr((error.line_no, error.line_pos, error.desc())) for error in rendered.templater_violations),
        ):
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        return digest.hexdigest()

    def read(self, path: str, key: str) -> dict[str, Any] | None:
        if self._folder is None:
            return None
        try:
            with open(self._file(path), encoding="utf-8") as file:
                stored = json.load(file)
            if stored["key"] == key and isinstance(stored["answer"], dict):
                return stored["answer"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # absent, or cut short by a crash: linted again
        return None

    def write(self, path: str, key: str, answer: dict[str, Any]) -> None:
        """One small file a linted path, so that the cache grows no larger than the project."""
        if self._folder is None:
            return
        name = None
        try:
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self._folder, delete=False) as file:
                name = file.name
                json.dump({"key": key, "answer": answer}, file)
            os.replace(name, self._file(path))
        except OSError as error:
            if name is not None and os.path.exists(name):
                os.remove(name)
            self._give_up(error)

    def _file(self, path: str) -> str:
        return os.path.join(self._folder or "", f"{text_hash(path)}.json")

    def _give_up(self, error: OSError) -> None:
        self._log("warn", f"The lint cache cannot be kept on disk: {error}")
        self._folder = None


def _plain(values: Any) -> Any:
    """A section of a configuration without what differs between two processes that agree."""
    if not isinstance(values, dict):
        return values
    return {
        name: _plain(value)
        for name, value in values.items()
        if not name.endswith("_obj") and name != "target_path"
    }


def fingerprint(versions: dict[str, str]) -> str:
    """The versions of dbt, SQLFluff and its plugins, and when each plugin's code changed last."""
    from importlib import metadata

    parts = [VERSION, json.dumps(versions, sort_keys=True)]
    entry_points = metadata.entry_points()
    plugins = (
        entry_points.select(group="sqlfluff")
        if hasattr(entry_points, "select")
        else entry_points.get("sqlfluff", [])
    )
    for plugin in plugins:
        module = plugin.value.split(":")[0].split(".")[0]
        if module in ("sqlfluff", "sqlfluff_templater_dbt"):
            continue
        parts.append(f"{plugin.name}={plugin.value}@{_newest(module)}")
    return "\n".join(parts)


def _newest(module: str) -> float:
    import importlib.util

    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return 0
    folders = list(spec.submodule_search_locations or []) if spec else []
    files = [
        os.path.join(base, name) for folder in folders for base, _, names in os.walk(folder) for name in names
    ]
    if spec and spec.origin and os.path.exists(spec.origin):
        files.append(spec.origin)
    return max((os.path.getmtime(file) for file in files if file.endswith((".py", ".cfg"))), default=0)
