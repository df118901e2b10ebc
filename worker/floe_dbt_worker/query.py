"""Rows of one query through dbt's adapter, as plain values. The warehouse is let go afterwards."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import time
from typing import Any, Callable

from floe_dbt_worker.dbt_errors import reason_of
from floe_dbt_worker.plain_config import PlainConfig
from floe_dbt_worker.protocol import RequestFailed, clean
from floe_dbt_worker.warehouse import release_warehouse

_LARGEST_EXACT = 2**53
_LONGEST_CELL = 100_000
"""Characters; nobody reads more in a grid."""


class Query:
    """`run` and `close` on the main thread, `cancel` on any."""

    def __init__(self, project_dir: str, params: dict[str, Any]) -> None:
        self._project_dir = project_dir
        self._params = params
        self._adapter: Any = None

    def run(self, sent: Callable[[], None]) -> dict[str, Any]:
        """@param sent: called when the query is about to be with the warehouse
        @raises RequestFailed configuration, execution"""
        from dbt.adapters import factory

        try:
            factory.reset_adapters()
            options = {key: self._params.get(key) for key in ("profiles_dir", "target", "target_path")}
            config = PlainConfig({**options, "project_dir": self._project_dir}).dbt_config
        except Exception as error:
            reason = reason_of(error, self._project_dir)
            raise RequestFailed("configuration", reason.message, reason.file_path, reason.line) from None
        self._adapter = factory.get_adapter(config)
        sql, limit = str(self._params["sql"]), int(self._params["limit"])
        started = time.monotonic()
        try:
            self._adapter.acquire_connection("floe_dbt_preview")
            sent()
            columns, rows = self._fetch(sql, limit)
        except Exception as error:
            raise RequestFailed("execution", clean(str(error)).strip() or type(error).__name__) from None
        return {
            "columns": [{"name": name, "type": kind} for name, kind in columns],
            "rows": [[_cell(value) for value in row] for row in rows],
            "seconds": time.monotonic() - started,
        }

    def cancel(self) -> None:
        if self._adapter is not None:
            cancel_open_queries(self._adapter)

    def close(self) -> None:
        release_warehouse()

    def _fetch(self, sql: str, limit: int) -> tuple[list[tuple[str, str | None]], list[Any]]:
        connections = self._adapter.connections
        if not hasattr(connections, "add_query"):
            _, table = self._adapter.execute(sql, fetch=True, limit=limit)
            names = [(str(name), None) for name in table.column_names]
            return names, [list(row) for row in table.rows[:limit]]
        _, cursor = connections.add_query(sql, auto_begin=False)
        described = cursor.description or []
        rows = list(cursor.fetchmany(limit)) if described else []
        names = self._postgres_types([each[1] for each in described])
        return [(str(each[0]), names.get(each[1]) or self._type_name(each[1])) for each in described], rows

    def _postgres_types(self, codes: list[Any]) -> dict[Any, str]:
        """Its driver knows few of the types, and by names of its own; the server knows all."""
        if not codes or self._adapter.type() != "postgres":
            return {}
        numbers = ", ".join(str(int(code)) for code in set(codes))
        _, cursor = self._adapter.connections.add_query(
            f"select oid, format_type(oid, null) from pg_catalog.pg_type where oid in ({numbers})",
            auto_begin=False,
        )
        return dict(cursor.fetchall())

    def _type_name(self, code: Any) -> str | None:
        try:
            name = self._adapter.connections.data_type_code_to_name(code)
        except Exception:  # an adapter without it
            name = code
        return str(name).lower() if name is not None else None


def cancel_open_queries(adapter: Any) -> None:
    """On any thread but theirs. Some adapters say it through a connection of the thread that says it."""
    try:
        if adapter.is_cancelable():
            with adapter.connection_named("floe_dbt_cancel"):
                list(adapter.cancel_open_connections())
    except Exception:  # they end by themselves, or the process is ended
        pass


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()[:_LONGEST_CELL]
    if isinstance(value, (list, tuple, dict)):
        return _as_json(value)[:_LONGEST_CELL]
    return str(value)[:_LONGEST_CELL]


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=_cell)
    except (TypeError, ValueError):  # a map whose keys are no text
        return str(value)
