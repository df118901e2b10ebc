"""Parse and rules on all processors: rendered files are inherited by forked children, which send JSON back.

The render needs dbt and stays in the main process; the rest is pure Python on data a fork shares for free.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import select
import signal
import sys
from typing import Any, Callable, Iterator

_BATCH = 6


def processors() -> int:
    """How many children make sense; 1 where forking is not safe (Windows; macOS, whose libraries start
    threads).
    """
    if not sys.platform.startswith("linux") or not hasattr(os, "fork"):
        return 1
    try:
        return len(os.sched_getaffinity(0))
    except OSError:
        return 1


class Children:
    """At most `most` children, each with a batch. The main thread feeds and polls it; nothing here waits
    long.
    """

    def __init__(self, most: int, work: Callable[[Any], dict[str, Any]]) -> None:
        self._most = most
        self._work = work
        self._running: dict[int, tuple[int, list[tuple[int, Any]], bytearray]] = {}

    @property
    def full(self) -> bool:
        return len(self._running) >= self._most

    @property
    def idle(self) -> bool:
        return not self._running

    @staticmethod
    def batch_size() -> int:
        return _BATCH

    def start(self, batch: list[tuple[int, Any]]) -> bool:
        """@param batch: (number, task) pairs.
        @returns False if no process could be made; the caller then does it itself
        """
        read, write = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(read)
            os.close(write)
            return False
        if pid == 0:
            self._run_child(batch, write)
        os.close(write)
        self._running[read] = (pid, batch, bytearray())
        return True

    def poll(self, seconds: float) -> Iterator[tuple[int, Any, dict[str, Any] | None]]:
        """Answers that have arrived: (number, task, answer). Answer None: the child died, the task is the
        caller's again.
        """
        if not self._running:
            return
        ready, _, _ = select.select(list(self._running), [], [], seconds)
        for read in ready:
            pid, batch, buffer = self._running[read]
            data = os.read(read, 1 << 16)
            buffer += data
            while b"\n" in buffer:
                line, _, rest = bytes(buffer).partition(b"\n")
                buffer[:] = rest
                answer = json.loads(line)
                number = answer["number"]
                task = next(task for known, task in batch if known == number)
                batch[:] = [pair for pair in batch if pair[0] != number]
                yield number, task, answer["answer"]
            if not data:
                os.close(read)
                del self._running[read]
                os.waitpid(pid, 0)
                for number, task in batch:
                    yield number, task, None

    def kill(self) -> None:
        for read, (pid, _, _) in list(self._running.items()):
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                os.close(read)
            except OSError:
                pass
        self._running.clear()

    def _run_child(self, batch: list[tuple[int, Any]], write: int) -> None:
        """In the child: answers the batch and ends without any of the parent's clean-up."""
        try:
            _die_with_parent()
            logging.disable()  # a log line would go through the channel, which is the parent's alone
            os.nice(5)  # a person's keystroke, linted by the parent meanwhile, goes first
            for number, task in batch:
                line = json.dumps({"number": number, "answer": self._work(task)}) + "\n"
                view = memoryview(line.encode("ascii"))
                while view:
                    view = view[os.write(write, view) :]
        except BaseException:  # whatever it is, the parent does the rest of the batch itself
            os._exit(1)
        os._exit(0)


def _die_with_parent() -> None:
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    except (OSError, AttributeError):
        pass
