"""SQLFluff's configuration as `sqlfluff lint` would have it, read once and read again the moment a file of it
changes.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any, Iterator

from floe_dbt_worker.protocol import RequestFailed, one_line

CONFIG_NAMES = ("setup.cfg", "tox.ini", "pep8.ini", ".sqlfluff", "pyproject.toml")

_DIALECTS = {
    "spark": "sparksql",
    "sqlserver": "tsql",
    "fabric": "tsql",
    "synapse": "tsql",
    "fabricspark": "sparksql",
    "postgresql": "postgres",
    "athena": "athena",
    "glue": "sparksql",
    "dremio": "ansi",
    "starburst": "trino",
    "redshift": "redshift",
}

FORMAT_RULES = (
    "capitalisation,layout,ambiguous.union,convention.not_equal,convention.coalesce,"
    "convention.select_trailing_comma,convention.is_null,jinja.padding,structure.distinct"
)
"""The rules `sqlfluff format` runs (sqlfluff/cli/commands.py, cli_format)."""


def working_dir(project_dir: str, workspace_dir: str | None) -> str:
    """Where a person would run `sqlfluff lint`: the nearest folder with a configuration, up to the
    workspace's.
    """
    folder = project_dir
    while True:
        if any(_configures_sqlfluff(os.path.join(folder, name)) for name in CONFIG_NAMES):
            return folder
        parent = os.path.dirname(folder)
        if (
            not workspace_dir
            or folder == workspace_dir
            or parent == folder
            or not _inside(folder, workspace_dir)
        ):
            return project_dir
        folder = parent


@lru_cache(maxsize=None)
def dialect_for(adapter: str | None) -> str:
    """SQLFluff's dialect for a dbt adapter; "ansi" where there is none."""
    from sqlfluff.core.dialects import load_raw_dialect
    from sqlfluff.core.errors import SQLFluffUserError

    name = _DIALECTS.get(adapter or "", adapter)
    try:
        # Asked for its list of dialects, SQLFluff imports them all.
        load_raw_dialect(str(name))
    except (KeyError, SQLFluffUserError):
        return "ansi"
    return str(name)


class Configuration:
    """The configuration in force. `refresh` first, then `root` and `for_file`."""

    def __init__(
        self, project_dir: str, overrides: dict[str, str | None], adapter: str | None = None
    ) -> None:
        """@param overrides: keys of [sqlfluff:templater:dbt] that win over the user's, such as project_dir
        and target
        @param adapter: whose dialect is the default, instead of the profile's
        """
        self.epoch = 0
        """Rises with every change."""
        self._project_dir = project_dir
        self._dbt = {key: value for key, value in overrides.items() if value}
        self._signature: Any = None
        self._folders: dict[str, Any] = {}
        """The files of each folder as they were before they were read: what is written meanwhile is seen
        next time.
        """
        self._children: dict[tuple[str, str], Any] = {}
        self._roots: dict[str, Any] = {}
        self._degraded = False
        self._default_dialect = "ansi"
        self._adapter = adapter
        self.configured = False
        """Whether the user has any SQLFluff configuration at the root."""

    def refresh(self, degraded: bool, adapter: str | None) -> bool:
        """Reads again what changed on disk.

        @returns whether anything did.
        @raises RequestFailed configuration
        """
        dialect = dialect_for(self._adapter or adapter)
        state = (degraded, dialect)
        if state == self._signature and all(_stat(folder) == seen for folder, seen in self._folders.items()):
            return False
        from sqlfluff.core.config import file as config_file
        from sqlfluff.core.config import loader

        for module in (loader, config_file):
            for function in vars(module).values():
                if hasattr(function, "cache_clear"):
                    function.cache_clear()
        self._signature, self._folders, self._children, self._roots = None, {}, {}, {}
        self._degraded, self._default_dialect = degraded, dialect
        with self.reading(os.getcwd()):
            self.configured = bool(loader.load_config_up_to_path("."))
            self.root()
        self.epoch += 1
        self._signature = state
        return True

    @contextmanager
    def reading(self, path: str) -> Iterator[None]:
        """Around whatever makes SQLFluff read the configuration of a file or folder.

        @raises RequestFailed configuration: what is wrong with it, at its place
        """
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        self._note_folders(folder)
        try:
            yield
        except Exception as error:
            file_path, line = _place_of(error, folder)
            where = f"{file_path}: " if file_path else ""
            raise RequestFailed(
                "configuration", f"SQLFluff's configuration: {where}{_mistake(error, folder)}", file_path, line
            ) from None

    @staticmethod
    def needs_dbt() -> bool:
        """Whether linting here takes the dbt templater: it is named, or nothing is and dbt's is taken."""
        from sqlfluff.core.config import loader

        try:
            found = loader.load_config_up_to_path(".")
        except Exception:
            return False  # `refresh` says what is wrong with it
        return not found or found.get("core", {}).get("templater") == "dbt"

    def root(self, rules: str = "") -> Any:
        """The FluffConfig of the working directory.

        @param rules: instead of the configuration's, as on the command line
        """
        if rules not in self._roots:
            from sqlfluff.core import FluffConfig

            overrides: dict[str, Any] = {}
            if rules:
                overrides["rules"] = rules
            if self._degraded:
                overrides["templater"] = "jinja"
                overrides["ignore"] = "templating"
            elif not self.configured:
                overrides["templater"] = "dbt"
            self._roots[rules] = self._complete(
                FluffConfig.from_root(overrides=overrides, require_dialect=False)
            )
        return self._roots[rules]

    def for_file(self, path: str, text: str, rules: str = "") -> Any:
        """The FluffConfig of one file, with its inline directives. Do not change it: files of a folder share
        it.
        """
        folder = os.path.dirname(path)
        key = (folder, rules)
        if key not in self._children:
            with self.reading(path):
                child = self.root(rules).make_child_from_path(path, require_dialect=False)
            self._children[key] = self._complete(child)
        config = self._children[key]
        if "sqlfluff:" in text:
            config = config.copy()
            config.process_raw_file_for_config(text, path)
        return config

    def _complete(self, config: Any) -> Any:
        if config.get("dialect") is None:
            config.process_inline_config(f"-- sqlfluff:dialect:{self._default_dialect}", "default")
        templater = config._configs.setdefault("templater", {})
        templater.setdefault("dbt", {}).update(self._dbt)
        return config

    def _note_folders(self, folder: str) -> None:
        """Every folder a configuration of `folder` may come from is watched by its files' times."""
        while folder not in self._folders:
            self._folders[folder] = _stat(folder)
            folder = os.path.dirname(folder)
        for folder in (os.path.expanduser("~"), _user_folder()):
            if folder not in self._folders:
                self._folders[folder] = _stat(folder)


def _stat(folder: str) -> Any:
    """Another value once a file of the configuration was written in this folder."""
    found = []
    for name in CONFIG_NAMES:
        try:
            status = os.stat(os.path.join(folder, name))
        except OSError:
            continue
        found.append((name, status.st_mtime_ns, status.st_size))
    return found


def _mistake(error: Exception, folder: str) -> str:
    from sqlfluff.core.config.loader import load_config_up_to_path

    if isinstance(error, KeyError) and "dialect" in str(error):
        name = load_config_up_to_path(folder).get("core", {}).get("dialect")
        return f"it names the dialect {name!r}, which this SQLFluff does not have."
    if isinstance(error, configparser.Error):
        return "it cannot be read: " + re.split(r"\s*file: |: '<string>'", str(error))[0]
    return one_line(str(error))


def _place_of(error: Exception, folder: str) -> tuple[str | None, int | None]:
    """The file of ours the mistake is in and its line, where they can be told."""
    dialect = isinstance(error, KeyError) and "dialect" in str(error)
    if not dialect and not isinstance(error, configparser.Error):
        return None, None
    # A walk through the folder comes upon what is below it.
    for each in chain(_folders_up(folder), (below for below, _, _ in os.walk(folder))):
        for name in reversed(CONFIG_NAMES):
            path = os.path.join(each, name)
            if not _configures_sqlfluff(path):
                continue
            if dialect:
                line = _line_of(path, re.compile(r"\s*dialect\s*="))
                if line:
                    return path, line
            elif name != "pyproject.toml":
                line = _syntax_error_line(path)
                if line:
                    return path, line
    return None, None


def _user_folder() -> str:
    """Where this system keeps a user's configuration of SQLFluff, besides the home folder."""
    from sqlfluff.core.config import loader

    try:
        return os.path.expanduser(loader._get_user_config_dir_path(sys.platform))
    except (AttributeError, TypeError, ImportError):
        return os.path.expanduser("~/.config/sqlfluff")


def _configures_sqlfluff(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return any(line.lstrip().startswith(("[sqlfluff", "[tool.sqlfluff")) for line in file)
    except OSError:
        return False


def _folders_up(folder: str) -> list[str]:
    parent = os.path.dirname(folder)
    return [folder] if parent == folder else [folder, *_folders_up(parent)]


def _line_of(path: str, pattern: re.Pattern[str]) -> int | None:
    with open(path, encoding="utf-8", errors="replace") as file:
        return next((number for number, line in enumerate(file, 1) if pattern.match(line)), None)


def _syntax_error_line(path: str) -> int | None:
    parser = configparser.ConfigParser(delimiters="=", interpolation=None)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            parser.read_file(file)
    except configparser.ParsingError as error:
        lines = getattr(error, "errors", None) or [(getattr(error, "lineno", 1), "")]
        return int(lines[0][0])
    except configparser.Error as error:
        return int(getattr(error, "lineno", None) or 1)
    return None


def _inside(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath([path, folder]) == os.path.normpath(folder)
    except ValueError:
        return False
