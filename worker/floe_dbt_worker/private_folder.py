"""The worker's own folder for dbt's artifacts and the lint cache, so that the user's target/ and logs/ stay
as they are.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Callable, TextIO

_SLOTS = 16
_PARTIAL_PARSE = "partial_parse.msgpack"


class PrivateFolder:
    """One locked slot of `root`: two editors on one project get a slot each, and the same one again next
    time.
    """

    def __init__(self, root: str, log: Callable[[str, str], None]) -> None:
        self._log = log
        self._lock: TextIO | None = None
        self.cache_dir: str | None = os.path.join(root, "lint")
        self.slot = self._take_slot(root)
        self.target_dir = os.path.join(self.slot, "target")
        self.log_dir = os.path.join(self.slot, "logs")
        for folder in (self.target_dir, self.log_dir):
            try:
                os.makedirs(folder, exist_ok=True)
            except OSError as error:
                log("warn", f"No cache folder: {error}")

    def point_dbt_here(self) -> None:
        """For this process and what it starts. dbt 1.11 prefers the DBT_ENGINE_ names."""
        for prefix in ("DBT_", "DBT_ENGINE_"):
            os.environ[f"{prefix}TARGET_PATH"] = self.target_dir
            os.environ[f"{prefix}LOG_PATH"] = self.log_dir
            os.environ[f"{prefix}SEND_ANONYMOUS_USAGE_STATS"] = "false"
        os.environ["DO_NOT_TRACK"] = "1"

    def take_head_start(self, project_dir: str, other_root: str | None = None) -> None:
        """Copies the project's own partial parse, or the one of another process of ours, if ours is absent or older.
        dbt itself checks whether it fits.
        """
        theirs = [os.path.join(project_dir, "target", _PARTIAL_PARSE)]
        if other_root is not None:
            theirs += [os.path.join(other_root, str(slot), "target", _PARTIAL_PARSE) for slot in range(_SLOTS)]
        ours = os.path.join(self.target_dir, _PARTIAL_PARSE)
        try:
            newest = max(filter(os.path.exists, theirs), key=os.path.getmtime, default=None)
            if newest is None:
                return
            if os.path.exists(ours) and os.path.getmtime(ours) >= os.path.getmtime(newest):
                return
            shutil.copyfile(newest, ours + ".new")
            os.replace(ours + ".new", ours)
        except OSError as error:
            self._log("debug", f"No partial parse was taken over: {error}")

    def _take_slot(self, root: str) -> str:
        for number in range(_SLOTS):
            slot = os.path.join(root, str(number))
            try:
                os.makedirs(slot, exist_ok=True)
                lock = open(os.path.join(slot, "lock"), "a", encoding="utf-8")  # noqa: SIM115 held for life
            except OSError as error:
                self._log(
                    "warn", f"The cache folder cannot be used, so nothing is kept between sessions: {error}"
                )
                break
            if _lock(lock):
                self._lock = lock
                return slot
            lock.close()
        else:
            self._log("warn", f"All {_SLOTS} slots of the cache folder are in use; working without one.")
        self.cache_dir = None
        return tempfile.mkdtemp(prefix="floe-dbt-")


def _lock(file: TextIO) -> bool:
    """The system frees the lock when the process ends, however it ends."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
