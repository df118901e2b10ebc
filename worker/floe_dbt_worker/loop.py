"""A reader thread takes requests in; the main thread works them off, the most urgent first, in steps."""

from __future__ import annotations

import heapq
import itertools
import json
import os
import threading
import traceback
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Generator, Protocol

from floe_dbt_worker.interrupts import Interrupted, Interrupts
from floe_dbt_worker.protocol import MAX_MESSAGE_BYTES, Channel, RequestFailed, one_line

COMPILE, INTERACTIVE, NORMAL, BACKGROUND = range(4)
"""A compile takes a few milliseconds: it goes between two steps of a lint that somebody waits for, too."""
_IDLE_SECONDS = 0.3

Steps = Generator[None, None, "dict[str, Any]"]


@dataclass(order=True)
class Job:
    """One request. A long one is a generator that yields where more urgent work may go first."""

    urgency: int
    number: int
    id: int = field(compare=False)
    method: str = field(compare=False)
    params: dict[str, Any] = field(compare=False)
    steps: Steps | None = field(compare=False, default=None)
    cancelled: bool = field(compare=False, default=False)

    def check(self) -> None:
        if self.cancelled:
            raise RequestFailed("cancelled", "Cancelled.")


class Handler(Protocol):
    def urgency(self, method: str, params: dict[str, Any]) -> int: ...
    def start(self, job: Job) -> Steps: ...
    def answered(self) -> None:
        """An answer, or a part of one, is out."""

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Runs on the main thread, between two steps."""

    def idle(self) -> float | None:
        """Nothing is asked for. Does one piece of work of its own;

        @returns seconds to the next, None for none.
        """

    def disturb(self) -> None:
        """On the reader thread: a request came in, work of our own shall give way."""

    def cancelled(self, job: Job) -> None:
        """On the reader thread: the job, which runs, is not wanted any more."""

    def stop(self) -> None:
        """On any thread: the worker ends, at once."""


class Loop:
    def __init__(self, channel: Channel, requests: BinaryIO) -> None:
        self.interrupts = Interrupts()
        self._channel = channel
        self._requests = requests
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._notifications: list[tuple[str, dict[str, Any]]] = []
        self._running: Job | None = None
        self._numbers = itertools.count()

    def run(self, handler: Handler) -> None:
        """Works until shutdown or the end of stdin; never returns."""
        threading.Thread(target=self._read, args=(handler,), daemon=True).start()
        while True:
            try:
                self._turn(handler)
            except (Interrupted, KeyboardInterrupt):
                continue  # arrived late: the job it was for is over

    def pending(self) -> bool:
        """Whether more urgent or further work waits; for work of our own that should give way."""
        return bool(self._waiting or self._notifications)

    def more_urgent(self, job: Job) -> bool:
        with self._changed:
            return bool(self._waiting and self._waiting[0].urgency < job.urgency)

    def _turn(self, handler: Handler) -> None:
        with self._changed:
            notifications, self._notifications = self._notifications, []
            job = heapq.heappop(self._waiting) if self._waiting and not notifications else None
            self._running = job
        for method, params in notifications:
            try:
                handler.notify(method, params)
            except Exception as error:  # a notification has nobody to tell
                self._channel.log("error", f"{method}: {one_line(repr(error))}")
        if job is not None:
            self._advance(job, handler)
        elif not notifications:
            self._rest(handler)

    def _advance(self, job: Job, handler: Handler) -> None:
        try:
            job.check()
            if job.steps is None:
                job.steps = handler.start(job)
            next(job.steps)
        except StopIteration as end:
            self._channel.send({"id": job.id, "result": end.value or {}})
        except RequestFailed as failure:
            self._fail(job, failure)
        except (Interrupted, KeyboardInterrupt):
            self._fail(job, RequestFailed("cancelled", "Cancelled."))
        except MemoryError:
            self._fail(job, RequestFailed("internal", "The worker ran out of memory."))
        except Exception as error:
            self._channel.log("debug", traceback.format_exc())
            self._fail(
                job, RequestFailed("internal", f"{type(error).__name__}: {one_line(str(error))[:500]}")
            )
        else:
            with self._changed:
                self._running = None
                heapq.heappush(self._waiting, job)
            handler.answered()
            return
        with self._changed:
            self._running = None
        handler.answered()

    def _fail(self, job: Job, failure: RequestFailed) -> None:
        if job.steps is not None:
            job.steps.close()
        self._channel.send({"id": job.id, "error": failure.to_json()})

    def _rest(self, handler: Handler) -> None:
        """Waits for a request; after a short silence the handler's own work gets its turn."""
        wait: float | None = _IDLE_SECONDS
        while True:
            with self._changed:
                if self.pending() or self._changed.wait_for(self.pending, timeout=wait):
                    return
            try:
                wait = handler.idle()
            except Exception as error:  # nobody asked; whoever asks for the same is told
                self._channel.log("warn", f"Work ahead of its time failed: {one_line(repr(error))}")
                wait = None

    def _read(self, handler: Handler) -> None:
        while True:
            line = self._requests.readline(MAX_MESSAGE_BYTES)
            if not line:
                handler.stop()
                os._exit(0)
            request = None
            try:
                message = json.loads(line)
                request = message.get("id")
                self._accept(handler, request, str(message.get("method")), message.get("params") or {})
            except Exception as error:
                complaint = f"A message from the server was not understood: {one_line(str(error))}"
                if isinstance(request, int):
                    self._channel.send(
                        {"id": request, "error": RequestFailed("internal", complaint).to_json()}
                    )
                else:
                    self._channel.log("error", complaint)

    def _accept(self, handler: Handler, request: Any, method: str, params: dict[str, Any]) -> None:
        if method == "cancel":
            self._cancel(handler, params.get("id"))
            return
        if method == "shutdown":
            if isinstance(request, int):
                self._channel.send({"id": request, "result": {}})
            handler.stop()
            os._exit(0)
        with self._changed:
            if isinstance(request, int):
                number = next(self._numbers)
                heapq.heappush(
                    self._waiting, Job(handler.urgency(method, params), number, request, method, params)
                )
            else:
                self._notifications.append((method, params))
            self._changed.notify_all()
        handler.disturb()

    def _cancel(self, handler: Handler, request: Any) -> None:
        with self._changed:
            jobs = [job for job in (*self._waiting, self._running) if job is not None and job.id == request]
            for job in jobs:
                job.cancelled = True
                # A waiting one is answered in its turn, which it now gets first.
                job.urgency = COMPILE if job is not self._running else job.urgency
            heapq.heapify(self._waiting)
            self._changed.notify_all()
        for job in jobs:
            self.interrupts.stop(job)
            handler.cancelled(job)
