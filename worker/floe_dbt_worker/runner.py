"""The other process: dbt kept imported and the project parsed, for the commands a person asks for. They write
to the user's own target/, as dbt does; what is parsed ahead goes to a folder of ours.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

from floe_dbt_worker.configuration import working_dir
from floe_dbt_worker.garbage import Garbage
from floe_dbt_worker.loop import BACKGROUND, INTERACTIVE, NORMAL, Job, Loop, Steps
from floe_dbt_worker.memory import resident_bytes
from floe_dbt_worker.paths import ProjectPaths
from floe_dbt_worker.private_folder import PrivateFolder
from floe_dbt_worker.project import IN_PROCESS_DATABASES
from floe_dbt_worker.protocol import Channel, RequestFailed
from floe_dbt_worker.query import Query, cancel_open_queries
from floe_dbt_worker.run_events import RunEvents
from floe_dbt_worker.warehouse import release_warehouse
from floe_dbt_worker.warm_manifest import WarmManifest

_AGAIN_SECONDS = 0.1
_GRACE_SECONDS = 1.5
"""So long a command that is interrupted by our own end may take to let go of the warehouse."""


class Runner:
    """A handler of the loop. One command at a time; `cancelled`, `disturb` and `stop` come on other threads."""

    def __init__(self, channel: Channel, loop: Loop) -> None:
        self._channel = channel
        self._loop = loop
        self._lock = threading.Lock()
        self._active: Job | None = None
        """The command that may be interrupted at this moment."""
        self._ended = threading.Event()
        self._ended.set()
        self._query: Query | None = None
        self._garbage = Garbage()
        self._manifest: WarmManifest
        self._paths: ProjectPaths
        self._ready = False
        # A parent may have us ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def urgency(self, method: str, params: dict[str, Any]) -> int:
        if method == "warm":
            return BACKGROUND
        return NORMAL if method in ("run", "query") else INTERACTIVE

    def start(self, job: Job) -> Steps:
        if job.method == "initialize":
            return self._initialize(job)
        if not self._ready:
            raise RequestFailed("internal", "The first request must be initialize.")
        if job.method == "status":
            return _at_once({"memoryBytes": resident_bytes(), "state": "ready"})
        if job.method == "warm":
            return self._warm(job)
        if job.method == "run":
            return self._run(job)
        if job.method == "query":
            return self._run_query(job)
        raise RequestFailed("internal", f"The runner knows no request {job.method!r}.")

    def answered(self) -> None:
        """Nothing of one command is wanted by the next."""

    def notify(self, method: str, params: dict[str, Any]) -> None:
        if method == "filesChanged" and self._ready:
            self._manifest.stale = True

    def idle(self) -> float | None:
        if not self._ready or self._loop.pending():
            return None
        return 0.05 if self._get_ready() else None

    def _get_ready(self) -> bool:
        with self._garbage.loading():
            more = self._manifest.get_ready()
        self._garbage.settle()
        return more

    def disturb(self) -> None:
        """Getting ready takes a second or so, and whoever asks needs it too."""

    def cancelled(self, job: Job) -> None:
        """As Ctrl+C in a terminal: dbt cancels its queries, writes its artifacts and ends the command."""
        with self._lock:
            if self._active is not job:
                return
            query = self._query
            self._interrupt()
        if query is not None:
            query.cancel()

    def stop(self) -> None:
        with self._lock:
            busy = self._active is not None
            if busy:
                self._interrupt()
            query = self._query
        if busy:
            if query is not None:
                query.cancel()
            self._ended.wait(_GRACE_SECONDS)

    def _interrupt(self) -> None:
        if os.name == "nt":
            import _thread

            _thread.interrupt_main()
            # The main thread waits for dbt's threads and does not hear it: what they wait for is ended.
            threading.Thread(target=_cancel_open_queries, daemon=True).start()
        else:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        threading.Thread(target=self._keep_interrupting, daemon=True).start()

    def _keep_interrupting(self) -> None:
        """dbt interrupts its queries once; a model that was about to send one would go on in our own process."""
        while not self._ended.wait(_AGAIN_SECONDS):
            _interrupt_own_queries()

    def _initialize(self, job: Job) -> Steps:
        params = job.params
        asked_dir = str(params["projectDir"])
        if not os.path.isdir(asked_dir):
            raise RequestFailed("configuration", f"{asked_dir} is not a folder.")
        self._paths = ProjectPaths(asked_dir)
        os.chdir(working_dir(self._paths.dir, None))
        private = PrivateFolder(str(params["privateDir"]), self._channel.log)
        self._manifest = WarmManifest(self._paths.dir, private, self._channel.log)
        yield from ()
        from dbt.cli.main import dbtRunner  # noqa: F401 the costly import, and the proof that it works

        self._ready = True
        return {"pid": os.getpid(), "versions": {}, "capabilities": ["run", "query"], "problems": []}

    def _warm(self, job: Job) -> Steps:
        self._manifest.want(job.params.get("parseArgs"), job.params.get("headStart"))
        yield
        while self._get_ready():
            yield
        return {}

    def _run(self, job: Job) -> Steps:
        yield from ()
        from dbt.cli.main import dbtRunner

        args = [str(arg) for arg in job.params["args"]]
        manifest = None
        if job.params.get("parseArgs") is not None:
            with self._interruptible(job):
                manifest = self._manifest.take(job.params["parseArgs"], job.params.get("headStart"))
        events = RunEvents(self._channel, job.id, manifest)
        started = time.monotonic()
        try:
            with self._interruptible(job):
                # What dbt would print is sent as events; its log file is as always.
                answer = dbtRunner(manifest=manifest, callbacks=[events.take]).invoke(
                    ["--log-level=none", *_list_as_events(args), "--no-use-colors", *args]
                )
                if isinstance(answer.exception, KeyboardInterrupt):
                    raise answer.exception
        finally:
            release_warehouse()
        self._manifest.keep_for_the_user(job.params.get("partialParse"))
        return {
            "exitCode": 0 if answer.success else 2 if answer.exception is not None else 1,
            # How dbt's own command line words it, only that can tell.
            "usage": type(answer.exception).__name__ == "DbtUsageException",
            "seconds": time.monotonic() - started,
        }

    def _run_query(self, job: Job) -> Steps:
        yield from ()
        query = Query(self._paths.dir, job.params)
        self._query = query
        try:
            with self._interruptible(job):
                sent = {"id": job.id, "event": "progress", "done": 0, "total": 1, "label": "query"}
                return query.run(lambda: self._channel.send(sent))
        finally:
            self._query = None
            query.close()

    def _interruptible(self, job: Job) -> _Interruptible:
        return _Interruptible(self, job)

    def enter(self, job: Job) -> None:
        with self._lock:
            job.check()
            self._active = job
            self._ended.clear()

    def leave(self) -> None:
        with self._lock:
            self._active = None
            self._ended.set()


class _Interruptible:
    """While it lasts, a cancel of the job interrupts it; however it ends then, it is `cancelled`."""

    def __init__(self, runner: Runner, job: Job) -> None:
        self._runner = runner
        self._job = job

    def __enter__(self) -> None:
        self._runner.enter(self._job)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            self._runner.leave()
        except KeyboardInterrupt:  # it came as the block ended
            self._runner.leave()
        if self._job.cancelled or isinstance(error, KeyboardInterrupt):
            raise RequestFailed("cancelled", "Cancelled.") from None


def _adapters() -> list[Any]:
    factory = sys.modules.get("dbt.adapters.factory")
    return list(getattr(getattr(factory, "FACTORY", None), "adapters", {}).values())


def _interrupt_own_queries() -> None:
    """Of databases that run in this process: that costs nothing, however often."""
    for adapter in _adapters():
        try:
            if adapter.type() not in IN_PROCESS_DATABASES or not adapter.is_cancelable():
                continue
            for connection in list(adapter.connections.thread_connections.values()):
                if connection.state == "open":  # dbt's own way would open the others
                    adapter.connections.cancel(connection)
        except Exception:  # it ends by itself, or is ended
            pass


def _cancel_open_queries() -> None:
    for adapter in _adapters():
        cancel_open_queries(adapter)


def _list_as_events(args: list[str]) -> list[str]:
    """dbt before 1.10 prints what it lists, unless its log is JSON; the log file stays as it is by default."""
    return ["--log-format=json", "--log-format-file=debug"] if args[:1] == ["list"] else []


def _at_once(result: dict[str, Any]) -> Steps:
    yield from ()
    return result
