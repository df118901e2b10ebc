"""Stops pure Python work of the main thread from the reader thread, only inside blocks that say they can bear
it.
"""

from __future__ import annotations

import ctypes
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator


class Interrupted(BaseException):
    """Raised inside an `allow` block. Not an Exception, so that no `except Exception` of a library swallows
    it.
    """


class Interrupts:
    """`with interrupts.allow(job): ...` on the main thread; `interrupts.stop(job)` on another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = threading.main_thread().ident
        self._running: Any = None
        self._fired = False

    @contextmanager
    def allow(self, job: Any) -> Iterator[None]:
        """While the block runs, `stop(job)` raises Interrupted in it. Nothing is pending after the block.

        A job that was cancelled before the block is not begun: its `stop` found nothing to stop.
        """
        with self._lock:
            self._running, self._fired = job, False
        begun = not getattr(job, "cancelled", False)
        arrived = False
        try:
            if not begun:
                raise Interrupted
            yield
        except Interrupted:
            arrived = begun
            raise
        finally:
            with self._lock:
                self._running = None
                fired = self._fired
            if fired and not arrived:
                self._await_arrival()

    def stop(self, job: Any) -> bool:
        """@returns whether the job was inside its block and has been told."""
        with self._lock:
            if job is None or self._running is not job or self._fired:
                return False
            self._fired = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread or 0), ctypes.py_object(Interrupted)
            )
            return True

    @staticmethod
    def _await_arrival() -> None:
        """The exception was sent as the block ended: let it come here, not later in innocent code."""
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            pass
