"""What is installed beside this interpreter, found without importing any of it (an import of dbt costs
seconds).
"""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib import metadata
from typing import Any

_INTERESTING = re.compile(r"^(dbt[_-]|sqlfluff)", re.IGNORECASE)
_NOT_ADAPTERS = {
    "dbt-core",
    "dbt-adapters",
    "dbt-common",
    "dbt-extractor",
    "dbt-protos",
    "dbt-semantic-interfaces",
}


def installed_versions() -> dict[str, str]:
    """@returns "python", "dbt-core", "dbt-duckdb", "sqlfluff", ... with their versions."""
    versions = {"python": platform.python_version()}
    for entry in sys.path:
        try:
            names = os.listdir(entry or os.curdir)
        except OSError:
            continue
        for name in names:
            if not name.endswith((".dist-info", ".egg-info")) or not _INTERESTING.match(name):
                continue
            project = name.rsplit(".", 1)[0].split("-")[0].replace("_", "-").lower()
            if project in versions:
                continue
            try:
                versions[project] = metadata.version(project)
            except metadata.PackageNotFoundError:
                continue
    return versions


def adapters(versions: dict[str, str]) -> list[str]:
    """Adapter packages, such as "dbt-duckdb"."""
    return [
        name
        for name in versions
        if name.startswith("dbt-") and name not in _NOT_ADAPTERS and _has_adapter(name)
    ]


def _has_adapter(project: str) -> bool:
    try:
        files = metadata.files(project) or []
    except metadata.PackageNotFoundError:
        return False
    return any(str(file).replace("\\", "/").startswith("dbt/adapters/") for file in files) or not files


def problems(versions: dict[str, str]) -> list[dict[str, str]]:
    """What keeps linting from working here, by name, with what to do."""
    found: list[dict[str, str]] = []
    dbt, sqlfluff = versions.get("dbt-core"), versions.get("sqlfluff")
    templater = versions.get("sqlfluff-templater-dbt")

    def problem(code: str, message: str) -> None:
        found.append({"code": code, "message": message})

    if dbt is None:
        problem(
            "dbt-missing",
            "dbt-core is not installed in this Python environment. "
            "Install it with the adapter of your warehouse, such as dbt-duckdb.",
        )
    elif not adapters(versions):
        problem(
            "adapter-missing",
            "No dbt adapter is installed in this Python environment. "
            "Install the one of your warehouse, such as dbt-duckdb.",
        )
    if sqlfluff is None:
        problem(
            "sqlfluff-missing",
            "SQLFluff is not installed in this Python environment. "
            "Install sqlfluff and sqlfluff-templater-dbt, both in the same version.",
        )
    elif templater is None:
        problem(
            "sqlfluff-templater-missing",
            "sqlfluff-templater-dbt is not installed. "
            f"Install sqlfluff-templater-dbt=={sqlfluff}, the version of SQLFluff here.",
        )
    elif templater != sqlfluff:
        problem(
            "sqlfluff-templater-mismatch",
            f"sqlfluff {sqlfluff} and sqlfluff-templater-dbt {templater} do not fit together. "
            f"Install sqlfluff-templater-dbt=={sqlfluff}.",
        )
    return found


def hello() -> dict[str, Any]:
    """The answer to `initialize`."""
    versions = installed_versions()
    return {
        "pid": os.getpid(),
        "versions": versions,
        "capabilities": ["lint", "fix"] if "sqlfluff" in versions else [],
        "problems": problems(versions),
    }
