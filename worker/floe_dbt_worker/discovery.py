"""Which files a lint of the whole project covers, and why a file someone asks for is not linted."""

from __future__ import annotations

import os
from typing import Any

from floe_dbt_worker.configuration import Configuration

_PACKAGE_FOLDERS = {"dbt_packages", "dbt_modules"}
_NEVER_PROJECT = {"node_modules", "__pycache__", ".git"}


def project_files(project_dir: str, configuration: Configuration, excluded: set[str]) -> list[str]:
    """What `sqlfluff lint <project>` would find, less what is not the project's own: `excluded`, packages,
    virtual environments.

    @param excluded: absolute folders, such as target/
    """
    extensions = _extensions(configuration)
    found: list[str] = []
    for name in sorted(os.listdir(project_dir)):
        path = os.path.join(project_dir, name)
        if os.path.isdir(path) and _foreign(path, excluded):
            continue
        if not os.path.isdir(path) and not name.lower().endswith(extensions):
            continue
        found += _found(path, configuration, ignore_non_existent_files=True)
    return [os.path.abspath(path) for path in found]


def expand(path: str, configuration: Configuration) -> list[str]:
    """The files below a folder, or the file itself."""
    if not os.path.isdir(path):
        return [path]
    return [os.path.abspath(file) for file in _found(path, configuration)]


def why_left_out(
    path: str, project_dir: str, configuration: Configuration, excluded: set[str]
) -> str | None:
    """@returns the reason a single file, saved or not, is not linted; None if it is"""
    extensions = _extensions(configuration)
    if not path.lower().endswith(extensions):
        return f"its name does not end in {', '.join(extensions)}"
    folder = os.path.dirname(path)
    while len(folder) > len(project_dir):
        if _foreign(folder, excluded):
            return f"{os.path.relpath(folder, project_dir)} holds no files of the project itself"
        folder = os.path.dirname(folder)
    kept = _found(path, configuration, check_non_existent_file=True)
    return None if kept else "SQLFluff is told to ignore it (.sqlfluffignore or ignore_paths)"


def _found(path: str, configuration: Configuration, **options: Any) -> list[str]:
    """What SQLFluff finds at a path, which reads the configuration of every folder on its way."""
    from sqlfluff.core.linter.discovery import paths_from_path

    with configuration.reading(path):
        return paths_from_path(
            path, working_path=os.getcwd(), target_file_exts=_extensions(configuration), **options
        )


def _extensions(configuration: Configuration) -> tuple[str, ...]:
    return tuple(configuration.root().get("sql_file_exts", default=".sql").lower().split(","))


def _foreign(folder: str, excluded: set[str]) -> bool:
    name = os.path.basename(folder)
    return (
        name in _PACKAGE_FOLDERS
        or name in _NEVER_PROJECT
        or os.path.normcase(folder) in excluded
        or os.path.exists(os.path.join(folder, "pyvenv.cfg"))
    )
