"""The messages of protocol/worker.ts, from Python's side: one ASCII JSON object a line.

server -> worker   {"id": 1, "method": "lint", "params": {...}}     answered once, with result or error
                   {"method": "filesChanged", "params": {...}}      never answered
worker -> server   {"id": 1, "result": {...}} | {"id": 1, "error": {...}}
                   {"id": 1, "event": "file", ...} | {"event": "status", ...}
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from typing import Any

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_LOG_CHARACTERS = 2000
MAX_LOGS_A_SECOND = 50

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def clean(text: str) -> str:
    """Text for a person: without ANSI escapes and other control characters, tabs and line ends kept."""
    return "".join(
        character for character in _ANSI.sub("", text) if character.isprintable() or character in "\n\t"
    )


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


class RequestFailed(Exception):
    """A request that could not be carried out; becomes the `error` of its answer.

    `kind` is one of protocol/worker.ts' workerErrorSchema. The message is for a person.
    """

    def __init__(
        self, kind: str, message: str, file_path: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.file_path = file_path
        self.line = line

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "message": clean(self.message),
            "filePath": self.file_path,
            "line": self.line,
        }


class Channel:
    """The one writer to the server. Safe to use from every thread; not to be used in a forked child."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._log_second = 0
        self._logs = 0

    def send(self, message: dict[str, Any]) -> None:
        data = (json.dumps(message, separators=(",", ":"), default=str) + "\n").encode("ascii")
        if len(data) > MAX_MESSAGE_BYTES:
            self.log("error", f"A message of {len(data)} bytes was not sent: too large.")
            return
        with self._lock:
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError:
                os._exit(0)  # the server is gone; nobody is left to answer

    def log(self, level: str, message: str) -> None:
        """Sends a `log` event, shortened, and at most so many in a second."""
        second = int(time.monotonic())
        if second != self._log_second:
            dropped = self._logs - MAX_LOGS_A_SECOND
            self._log_second, self._logs = second, 0
            if dropped > 0:
                self.send({"event": "log", "level": "warn", "message": f"({dropped} log lines dropped)"})
        self._logs += 1
        if self._logs > MAX_LOGS_A_SECOND:
            return
        text = clean(message)
        if len(text) > MAX_LOG_CHARACTERS:
            text = f"{text[:MAX_LOG_CHARACTERS]}... ({len(text)} characters)"
        self.send({"event": "log", "level": level, "message": text})
