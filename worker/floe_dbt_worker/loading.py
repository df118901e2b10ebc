"""When the project is loaded, loaded again, or linted without dbt; and what of it a person is told."""

from __future__ import annotations

import os
import time
from typing import Any

from floe_dbt_worker import discovery
from floe_dbt_worker.configuration import Configuration
from floe_dbt_worker.dbt_errors import DbtReason, reason_of
from floe_dbt_worker.environment import adapters
from floe_dbt_worker.garbage import Garbage
from floe_dbt_worker.interrupts import Interrupted
from floe_dbt_worker.linting import Linting
from floe_dbt_worker.loop import Loop
from floe_dbt_worker.paths import ProjectPaths
from floe_dbt_worker.plain_config import PlainConfig
from floe_dbt_worker.project import DbtProject
from floe_dbt_worker.protocol import Channel, RequestFailed
from floe_dbt_worker.quick_start import use_quick_start
from floe_dbt_worker.templating import warm_templater

_GIVES_WAY_SECONDS = 20
"""So long a background parse begins again after each request; then one request has to wait for it."""
_PARSED_FILES = (".yml", ".yaml", ".sql", ".md", ".py", ".csv")


class Loading:
    """Everything but `disturb` runs on the main thread."""

    def __init__(
        self,
        channel: Channel,
        loop: Loop,
        garbage: Garbage,
        paths: ProjectPaths,
        hello: dict[str, Any],
        project: DbtProject,
        configuration: Configuration,
        linting: Linting,
        project_options: dict[str, Any],
    ) -> None:
        self._channel = channel
        self._loop = loop
        self._garbage = garbage
        self._paths = paths
        self._hello = hello
        self._project = project
        self._configuration = configuration
        self._linting = linting
        self._project_options = project_options
        self.state = "starting"
        self._afresh = True
        self._interrupted_since: float | None = None
        self._own_work: object | None = None
        self._degraded: DbtReason | None = None
        """Why files are linted without dbt, if they are."""
        self.shortcoming: DbtReason | None = None
        """What a person should know: the same, or a mistake that dbt alone minds."""
        self._unusable = False
        """Whether it is the environment that keeps SQLFluff from dbt; dbt itself may well work."""
        self._lints = "sqlfluff" in hello["versions"]
        self._written: set[str] = set()
        self._files = 0
        self._warm = not self._lints

    def ready(self) -> None:
        """Configuration current, project loaded or known to be broken. @raises RequestFailed configuration"""
        if self._project.loaded or self._degraded:
            self._refresh_configuration()
        else:
            self.load(in_background=False)

    def ready_for_dbt(self) -> None:
        """The project loaded, whichever linter there is. @raises RequestFailed where dbt cannot read it"""
        if not self._project.loaded:
            self.ready()
        if self._project.loaded:
            return
        if self._degraded is not None and not self._unusable:
            reason = self._degraded
            raise RequestFailed("compilation", reason.message, reason.file_path, reason.line)
        try:
            self._load_plainly()
        except ImportError as error:
            raise RequestFailed("environment", f"dbt cannot be imported: {error}") from None
        except Exception as error:
            reason = reason_of(error, self._paths.dir)
            raise RequestFailed("compilation", reason.message, reason.file_path, reason.line) from None

    def _load_plainly(self) -> None:
        """For a configuration of SQLFluff that goes without dbt."""
        with self._garbage.loading():
            self._project.load(PlainConfig(self._project_options), afresh=True)
        self._project.due = False
        self._garbage.settle()

    @property
    def without_dbt(self) -> bool:
        """Whether files are linted with the Jinja templater alone because dbt cannot read the project."""
        return self._degraded is not None

    def render_state(self) -> tuple[Any, ...]:
        """What, besides its text and configuration, a file's render depends on."""
        return (self._project.generation, bool(self._degraded), self._files, self._project.warehouse_state())

    @property
    def due(self) -> bool:
        """Whether something changed that only a parse can tell."""
        return self._project.due

    def load(self, in_background: bool) -> None:
        """Loads or loads again. In the background it gives way to any request, and the old manifest stays in
        force.
        """
        self._own_work = self
        try:
            with self._loop.interrupts.allow(self if in_background else None):
                if in_background and self._loop.pending():
                    return
                with self._garbage.loading():
                    self._load_now()
            self._project.due = self._afresh = False
            self._interrupted_since = None
            self._degraded = None
        except Interrupted:
            self._interrupted_since = self._interrupted_since or time.monotonic()
            return
        except RequestFailed:
            raise
        except Exception as error:
            self._degraded = reason_of(error, self._paths.dir)
            self._unusable = isinstance(error, _Unusable)
            self._project.due = False
            self._interrupted_since = None
        finally:
            self._own_work = None
        self._refresh_configuration()
        self._written = self._project.own_folders()
        self.shortcoming = self._degraded or (self._project.cycle() if self._project.loaded else None)
        if in_background:
            self._garbage.settle()
        else:
            self._garbage.settle_soon()
        self._announce("degraded" if self.shortcoming else "ready")

    def warm_up(self) -> bool:
        """SQLFluff builds its grammar when first used; better now than at the first keystroke.

        @returns False if it is done
        """
        if self._warm:
            return False
        self._warm = True
        self._own_work = self
        try:
            with self._loop.interrupts.allow(self):
                if not self._loop.pending():
                    self._linting.warm_up()
                    self._garbage.settle()
        except Interrupted:
            self._warm = False
        finally:
            self._own_work = None
        return True

    def disturb(self) -> None:
        """On any thread: a request came in; work of our own gives way, but not for ever."""
        since = self._interrupted_since
        patient = since is None or time.monotonic() - since < _GIVES_WAY_SECONDS
        if self._own_work is not None and patient:
            self._loop.interrupts.stop(self._own_work)

    def file_changed(self, path: str) -> None:
        if os.path.basename(path) in (".sqlfluff", ".sqlfluffignore"):
            self._files += 1
            return
        if self._is_foreign(path) and not self._project.is_configuration(path):
            return
        self._files += 1 if not self._project.loaded else 0
        if self._project.is_configuration(path):
            self._afresh = self._project.due = True
        elif path.endswith(_PARSED_FILES):
            known = self._project.updates.version
            if self._degraded or not os.path.exists(path) or self._project.saved(path):
                self._project.due = True
            elif self._project.updates.version != known:
                self._announce(self.state)

    def whole_project(self) -> list[str]:
        """Every file a lint of the project covers."""
        return discovery.project_files(self._paths.dir, self._configuration, self._written)

    def why_left_out(self, path: str) -> str | None:
        return discovery.why_left_out(path, self._paths.dir, self._configuration, self._written)

    def _load_now(self) -> None:
        if not self._project.loaded and not self._degraded:
            self._announce("parsing")
        if not self._lints:
            self._project.load(PlainConfig(self._project_options), afresh=self._afresh)
            return
        broken = next(iter(self._hello["problems"]), None)
        if broken is not None and self._configuration.needs_dbt():
            raise _Unusable(broken["message"])
        self._configuration.refresh(False, self._adapter())
        root = self._configuration.root()
        if root.get("templater") != "dbt":
            self._project.generation += 1
            if self._project.loaded:
                self._project.load(PlainConfig(self._project_options), afresh=self._afresh)
            return  # the configuration names another templater: dbt is not needed to lint
        use_quick_start()
        templater = warm_templater(root.get_templater_class(), self._project)
        templater.sqlfluff_config = root
        templater.formatter = None
        templater.project_dir = templater._get_project_dir()
        templater.profiles_dir = templater._get_profiles_dir()
        if not self._project.loaded:
            self._garbage.imported()
        self._project.load(templater, self._afresh)
        self._linting.templater = templater

    def _refresh_configuration(self) -> None:
        if not self._lints:
            return
        self._configuration.refresh(self._degraded is not None, self._adapter())

    def _adapter(self) -> str | None:
        if self._project.adapter_type:
            return self._project.adapter_type
        installed = adapters(self._hello["versions"])
        return installed[0].removeprefix("dbt-") if len(installed) == 1 else None

    def _is_foreign(self, path: str) -> bool:
        place = os.path.normcase(path)
        written = any(place.startswith(folder + os.sep) for folder in self._written)
        return written or not self._paths.holds(path)

    def _announce(self, state: str) -> None:
        self.state = state
        reason = self.shortcoming
        self._channel.send(
            {
                "event": "status",
                "state": state,
                "reason": reason.message if reason else None,
                "filePath": reason.file_path if reason else None,
                "line": reason.line if reason else None,
                "generation": self._project.generation,
                "manifest": self._project.updates.version,
            }
        )


class _Unusable(Exception):
    """The environment cannot render with dbt; linting goes on without it."""
