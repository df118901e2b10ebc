"""The held manifest for others: once as a file, then what changed, told apart by comparing dbt's own
entries, so that an edit costs what it changed and not what the project is.
"""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from typing import Any, Iterator

_KEPT = 200
"""Loads whose changes are remembered; who is further behind takes the file."""
_AT_ONCE = 100
"""Entries between two steps."""
_SECTIONS = (
    "nodes",
    "sources",
    "macros",
    "docs",
    "exposures",
    "metrics",
    "groups",
    "semantic_models",
    "saved_queries",
    "unit_tests",
    "functions",
)

Ids = dict[str, set[str]]


class ManifestUpdates:
    """`loaded` and `touched` note what changed; `since` tells it. All on the main thread."""

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex[:12]
        self._version = 0
        self._asked = False
        self._changes: list[tuple[int, Ids]] = []
        self._file: str | None = None

    @property
    def version(self) -> int:
        """Rises with everything there is to tell."""
        return self._version

    def loaded(self, old: Any, new: Any) -> None:
        """`new` takes the place of `old`, which may be None."""
        self._version += 1
        if old is None or not self._asked:
            self._changes.clear()
            return
        changes: Ids = {}
        for section in _SECTIONS:
            before, after = getattr(old, section, None) or {}, getattr(new, section, None) or {}
            ids = {key for key, entry in after.items() if not _same(before.get(key), entry)}
            ids.update(key for key in before if key not in after)
            if ids:
                changes[section] = ids
        self._note(changes)

    def touched(self, section: str, key: str) -> None:
        """One entry of the held manifest was changed in place."""
        self._version += 1
        self._note({section: {key}})

    def steps(self, manifest: Any, since: str | None, folder: str) -> Iterator[dict[str, Any] | None]:
        """Yields None where other work may go first, and at last the answer.

        @param since: token of an answer of this process; anything else means all of it
        @param folder: where the file goes
        """
        self._asked = True
        changes = self._changes_since(since)
        if changes is None:
            yield from self._whole(manifest, folder)
            return
        version = self._version
        changed: dict[str, dict[str, Any]] = {}
        count = 0
        for section, ids in changes.items():
            entries = getattr(manifest, section, None) or {}
            changed[section] = {}
            for key in ids:
                changed[section][key] = _plain(entries[key]) if key in entries else None
                count += 1
                if count % _AT_ONCE == 0:
                    yield None
        # What came while it was told is told next time: the token is of the beginning.
        yield {"token": self._token(version), "changed": changed}

    def _whole(self, manifest: Any, folder: str) -> Iterator[dict[str, Any] | None]:
        version = self._version
        written = manifest.writable_manifest()
        yield None
        file = tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False)  # noqa: SIM115
        try:
            with file:
                for part in _parts(written):
                    if part is None:
                        yield None
                    else:
                        file.write(part)
            path = os.path.join(folder, f"manifest-{self._id}-{version}.json")
            os.replace(file.name, path)
        except BaseException:
            _remove(file.name)
            raise
        if self._file is not None and self._file != path:
            _remove(self._file)
        self._file = path
        yield {"token": self._token(version), "file": path}

    def discard(self) -> None:
        """The process ends: its token means nothing to the next."""
        if self._file is not None:
            _remove(self._file)

    def _token(self, version: int) -> str:
        return f"{self._id}.{version}"

    def _note(self, changes: Ids) -> None:
        self._changes.append((self._version, changes))
        del self._changes[:-_KEPT]

    def _changes_since(self, since: str | None) -> Ids | None:
        process, _, number = (since or "").partition(".")
        if process != self._id or not number.isdigit():
            return None
        known = int(number)
        if known == self._version:
            return {}
        if not self._changes or self._changes[0][0] > known + 1:
            return None
        merged: Ids = {}
        for version, changes in self._changes:
            if version > known:
                for section, ids in changes.items():
                    merged.setdefault(section, set()).update(ids)
        return merged


def _same(old: Any, new: Any) -> bool:
    if old is new:
        return True
    try:
        # Faster than dataclasses' own comparison, and blind to when dbt made the entry.
        before, after = dict(old.__dict__), dict(new.__dict__)
    except AttributeError:
        return bool(old == new)
    before["created_at"] = after["created_at"] = 0
    return before == after


def _plain(entry: Any) -> Any:
    """An entry as manifest.json has it."""
    resource = entry.to_resource() if hasattr(entry, "to_resource") else entry
    return json.loads(_entry(resource))


def _entry(resource: Any) -> str:
    values = resource.to_dict(omit_none=False)
    values.pop("config_call_dict", None)  # as WritableManifest does
    return _dumps(values)


def _parts(written: Any) -> Iterator[str | None]:
    """The text of a WritableManifest, as its own `write` makes it; None now and then."""
    sections = {name: getattr(written, name, None) for name in _SECTIONS}
    sections = {name: entries for name, entries in sections.items() if isinstance(entries, dict)}
    for name in sections:
        setattr(written, name, {})
    try:
        rest = written.to_dict(omit_none=False)
    finally:
        for name, entries in sections.items():
            setattr(written, name, entries)
    count = 0
    for index, (name, value) in enumerate(rest.items()):
        yield f"{', ' if index else '{'}{json.dumps(name)}: "
        if name not in sections:
            yield _dumps(value)
            continue
        yield "{"
        for number, (key, entry) in enumerate(sections[name].items()):
            yield f"{', ' if number else ''}{json.dumps(key)}: {_entry(entry)}"
            count += 1
            if count % _AT_ONCE == 0:
                yield None
        yield "}"
    yield "}"


def _dumps(value: Any) -> str:
    """As dbt writes its artifacts."""
    from dbt_common.utils.encoding import JSONEncoder

    return json.dumps(value, cls=JSONEncoder)


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass
