"""What a compile leaves behind in dbt, and what it expects to be there."""

from __future__ import annotations

import importlib
from typing import Any

_COMPILED_STATE = ("compiled", "compiled_code", "extra_ctes", "extra_ctes_injected", "_pre_injected_sql")


def ephemeral_states(manifest: Any) -> list[tuple[Any, dict[str, Any]]]:
    """dbt compiles a node's ephemeral parents in place; SQLFluff starts each file from uncompiled ones."""
    return [
        (node, {name: node.__dict__[name] for name in _COMPILED_STATE if name in node.__dict__})
        for node in manifest.nodes.values()
        if getattr(node.config, "materialized", None) == "ephemeral"
    ]


def restore_ephemerals(states: list[tuple[Any, dict[str, Any]]]) -> None:
    for node, state in states:
        if getattr(node, "compiled", False) or getattr(node, "extra_ctes", None):
            node.__dict__.update(state)
            if "extra_ctes" in state:
                node.extra_ctes = []


def set_project_root(project_dir: str) -> None:
    """dbt reads it from a context variable while it compiles."""
    for module in ("dbt_common.events.contextvars", "dbt.events.contextvars"):
        try:
            importlib.import_module(module).set_task_contextvars(project_root=project_dir)
            return
        except (ImportError, AttributeError):
            continue
