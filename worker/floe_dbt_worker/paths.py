"""The two names of the project's folder: as the server asked for it, and as dbt sees it, links resolved."""

from __future__ import annotations

import os


class ProjectPaths:
    """`dir` is the folder as dbt sees it; a link to the project is resolved, links inside it are not."""

    def __init__(self, asked_dir: str) -> None:
        self._asked_dir = asked_dir
        self.dir = os.path.realpath(asked_dir)

    def inner(self, path: str) -> str:
        """The path as dbt sees it."""
        return _swap(path, self._asked_dir, self.dir)

    def outer(self, path: str) -> str:
        """The path as the server knows it."""
        return _swap(path, self.dir, self._asked_dir)

    def holds(self, path: str) -> bool:
        return os.path.normcase(path).startswith(os.path.normcase(self.dir) + os.sep)


def _swap(path: str, old: str, new: str) -> str:
    if old == new:
        return path
    head, tail = path[: len(old)], path[len(old) :]
    same = os.path.normcase(head) == os.path.normcase(old) and (not tail or tail[0] in "/\\")
    return new + tail if same else path
