"""Keeps the protocol's two streams to ourselves: whatever dbt, a macro or an adapter prints becomes a log
event.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import BinaryIO

from floe_dbt_worker.protocol import Channel

_LONGEST_PRINTED_LINE = 8192


def protect_streams() -> tuple[Channel, BinaryIO]:
    """Moves the protocol away from descriptors 0 and 1.

    Descriptor 0 becomes empty, so that nothing the user runs can eat a request. Descriptor 1 becomes a pipe
    whose lines
    are sent as log events. Descriptor 2 stays: the server reads it, also when the interpreter itself crashes.
    """
    requests = os.fdopen(os.dup(0), "rb")
    channel = Channel(os.dup(1))

    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0, inheritable=True)
    os.close(nothing)

    printed, sink = os.pipe()
    os.dup2(sink, 1, inheritable=True)
    os.close(sink)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)
    threading.Thread(target=_forward, args=(printed, channel), daemon=True).start()
    return channel, requests


def _forward(printed: int, channel: Channel) -> None:
    with os.fdopen(printed, "rb") as lines:
        while True:
            line = lines.readline(_LONGEST_PRINTED_LINE)
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                channel.log("info", text)


def tells_of_skip(message: str) -> bool:
    """Whether a warning of SQLFluff's says that, and why, it leaves a file out."""
    return "kip" in message or "not found in dbt project" in message


def forward_logs(channel: Channel) -> None:
    """SQLFluff's warnings (a rule that does not exist, a directive it cannot read) become log events, each
    of them once; what it leaves out is told with the file.
    """
    told: set[str] = set()

    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            known = message in told or tells_of_skip(message)
            channel.log("debug" if known else "warn", message)
            if len(told) < 1000:
                told.add(message)

    logger = logging.getLogger("sqlfluff")
    logger.propagate = False
    logger.addHandler(Forward(logging.WARNING))
