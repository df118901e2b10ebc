"""What the server is told of a lint while it runs, and at its end."""

from __future__ import annotations

from typing import Any

from floe_dbt_worker.linting import Answer
from floe_dbt_worker.loop import Job
from floe_dbt_worker.paths import ProjectPaths
from floe_dbt_worker.protocol import Channel


class LintReport:
    """The events of one lint request, and its result."""

    def __init__(self, channel: Channel, paths: ProjectPaths, job: Job) -> None:
        self._channel = channel
        self._paths = paths
        self._job = job
        self._linted: list[str] = []
        self._skipped: list[dict[str, Any]] = []

    def wave(self, path: str, issues: list[dict[str, Any]]) -> None:
        """Template and parse errors, before the rules have run."""
        if issues:
            self._event("wave", filePath=self._paths.outer(path), issues=issues)

    def file(self, path: str, answer: Answer) -> None:
        """A file's final answer."""
        name = self._paths.outer(path)
        if answer.skipped:
            self._skipped.append({"filePath": name, "reason": answer.skipped})
        else:
            self._linted.append(name)
        self._event("file", filePath=name, issues=answer.issues, skipped=answer.skipped)

    def progress(self, total: int) -> None:
        done = len(self._linted) + len(self._skipped)
        self._event("progress", done=done, total=total, label="Linting")

    def result(self) -> dict[str, Any]:
        return {"linted": self._linted, "skipped": self._skipped}

    def _event(self, event: str, **more: Any) -> None:
        self._channel.send({"id": self._job.id, "event": event, **more})
