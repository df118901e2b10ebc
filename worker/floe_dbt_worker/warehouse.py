"""Letting go of the warehouse: what dbt's adapters hold beyond their connections."""

from __future__ import annotations

from typing import Any


def release_warehouse() -> None:
    """Closes what dbt's adapters hold in this process; a database file is free for others afterwards."""
    from dbt.adapters import factory

    adapters = list(getattr(factory.FACTORY, "adapters", {}).values())
    factory.reset_adapters()
    for adapter in adapters:
        close_database(adapter)


def close_database(adapter: Any) -> None:
    """dbt-duckdb keeps its database open beyond its connections, for the life of the process. Other adapters
    keep nothing.
    """
    manager = type(adapter.connections)
    environment = getattr(manager, "_ENV", None)
    close_all = getattr(manager, "close_all_connections", None)
    if close_all is None:
        return
    try:
        if environment is not None and hasattr(environment, "close"):
            environment.close()
    except Exception:  # it is let go of all the same
        pass
    close_all()
