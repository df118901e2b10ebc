"""A parsed manifest for the next command. dbt changes the one it runs with, so a copy of it is handed out, and
only as long as no file that has a say in it has changed.
"""

from __future__ import annotations

import os
import shutil
from copy import deepcopy
from typing import Any, Callable

from floe_dbt_worker.private_folder import PrivateFolder

_PARSED_FILES = (".sql", ".yml", ".yaml", ".md", ".py", ".csv", ".env")
_NOT_READ = {"target", "logs", "node_modules", ".git", "__pycache__"}

Print = tuple[int, int]


class WarmManifest:
    """All on the main thread, but `stale`."""

    def __init__(self, project_dir: str, private: PrivateFolder, log: Callable[[str, str], None]) -> None:
        self._project_dir = project_dir
        self._private = private
        self._log = log
        self._args: list[str] | None = None
        self._head_start: str | None = None
        self._pristine: Any = None
        self._copy: Any = None
        self._seen: dict[str, Print] = {}
        self.stale = False
        """A file is said to have changed: worth a look before the next command."""

    def want(self, args: list[str] | None, head_start: str | None = None) -> None:
        """@param args: of `dbt parse`: where the project is, its target and variables
        @param head_start: private folder of a process that parses the same
        """
        self._head_start = head_start
        if args is not None and args != self._args:
            self._args = list(args)
            self._pristine = self._copy = None

    def take(self, args: list[str], head_start: str | None = None) -> Any | None:
        """A manifest to run with; None where dbt cannot parse the project and is to say so itself."""
        self.want(args, head_start)
        self._refresh()
        copy, self._copy = self._copy, None
        if copy is None and self._pristine is not None:
            copy = _copy_of(self._pristine)
        return copy

    def get_ready(self) -> bool:
        """One piece of work ahead of the next command. @returns whether there is more"""
        if self._args is None:
            return False
        if self._pristine is None or self.stale:
            self.stale = False
            self._refresh()
            return self._pristine is not None
        if self._copy is None:
            self._copy = _copy_of(self._pristine)
        return False

    def keep_for_the_user(self, path: str | None) -> None:
        """`dbt run` leaves a partial parse, so that the next one in a terminal is quick; so do we."""
        ours = os.path.join(self._private.target_dir, "partial_parse.msgpack")
        try:
            if path is None or not os.path.exists(ours) or not os.path.isdir(os.path.dirname(path)):
                return
            if os.path.exists(path) and os.path.getmtime(path) >= os.path.getmtime(ours):
                return
            shutil.copyfile(ours, f"{path}.floe")
            os.replace(f"{path}.floe", path)
        except OSError as error:
            self._log("debug", f"The partial parse was not kept in {path}: {error}")

    def _refresh(self) -> None:
        seen = self._look()
        if self._pristine is not None and seen == self._seen:
            return
        self._pristine = self._copy = None
        from dbt.cli.main import dbtRunner

        self._private.take_head_start(self._project_dir, self._head_start)
        answer = dbtRunner().invoke(
            [
                "--log-level=none",
                "--log-level-file=none",
                *(self._args or []),
                "--no-write-json",
                # Nobody asked for this parse: nothing is told of it, and no .user.yml is left beside profiles.yml.
                "--no-send-anonymous-usage-stats",
                f"--target-path={self._private.target_dir}",
                f"--log-path={self._private.log_dir}",
            ]
        )
        if isinstance(answer.exception, KeyboardInterrupt):
            raise answer.exception
        manifest = answer.result if answer.success else None
        if manifest is not None and hasattr(manifest, "deepcopy") and hasattr(manifest, "files"):
            # A file that changed while dbt read it differs from what was seen before.
            self._pristine, self._seen = manifest, seen

    def _look(self) -> dict[str, Print]:
        """Size and time of every file that may have a say in the manifest."""
        seen: dict[str, Print] = {}
        roots = [self._project_dir]
        profiles = _value(self._args or [], "--profiles-dir") or os.environ.get("DBT_PROFILES_DIR")
        for folder in (profiles, os.path.join(os.path.expanduser("~"), ".dbt")):
            if folder:
                _note(seen, os.path.join(folder, "profiles.yml"))
        while roots:
            folder = roots.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue
            if any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            for entry in entries:
                # A local package is a link in dbt_packages.
                if entry.is_dir(follow_symlinks=os.path.basename(folder) == "dbt_packages"):
                    if entry.name not in _NOT_READ and not entry.name.startswith("."):
                        roots.append(entry.path)
                elif entry.name.endswith(_PARSED_FILES):
                    _note(seen, entry.path)
        for path in self._files_elsewhere():
            _note(seen, path)
        return seen

    def _files_elsewhere(self) -> list[str]:
        """What dbt read from outside the project and its own installation."""
        if self._pristine is None:
            return []
        found = []
        for file in self._pristine.files.values():
            place = getattr(file, "path", None)
            root = getattr(place, "project_root", None)
            path = getattr(place, "full_path", None)
            if root and path and os.path.realpath(root) == os.path.realpath(self._project_dir):
                if not os.path.abspath(path).startswith(self._project_dir + os.sep):
                    found.append(path)
        return found


def _copy_of(manifest: Any) -> Any:
    """dbt's own copy of a manifest fails over the selections that selectors.yml names: they are plain data there."""
    selectors = getattr(manifest, "selectors", None)
    if not selectors:
        return manifest.deepcopy()
    manifest.selectors = {}
    try:
        made = manifest.deepcopy()
    finally:
        manifest.selectors = selectors
    made.selectors = deepcopy(selectors)
    return made


def _note(seen: dict[str, Print], path: str) -> None:
    try:
        found = os.stat(path)
    except OSError:
        return
    seen[path] = (found.st_size, found.st_mtime_ns)


def _value(args: list[str], option: str) -> str | None:
    for index, arg in enumerate(args):
        if arg == option and index + 1 < len(args):
            return args[index + 1]
        if arg.startswith(f"{option}="):
            return arg.partition("=")[2]
    return None
