"""Compiles a text in the context of a file with dbt's own compiler, on the manifest held here. Writes
nothing.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from floe_dbt_worker.compile_state import ephemeral_states, restore_ephemerals, set_project_root
from floe_dbt_worker.cte_injection import use_quick_injection
from floe_dbt_worker.dbt_errors import compile_line, reason_of
from floe_dbt_worker.project import DbtProject
from floe_dbt_worker.protocol import RequestFailed


@dataclass
class Compiled:
    """SQL, or why there is none; `line` and `column` are from 1, in the text that was given."""

    sql: str | None
    unique_id: str | None
    name: str
    error: dict[str, Any] | None = None
    node: Any = None
    """dbt's node with its compiled code, for what is to be done with it next."""

    def to_json(self) -> dict[str, Any]:
        return {"sql": self.sql, "uniqueId": self.unique_id, "name": self.name, "error": self.error}


class Compiling:
    def __init__(self, project: DbtProject) -> None:
        self._project = project

    def compile(self, path: str, text: str, fragment: bool) -> Compiled:
        """@param path: absolute; @param text: a whole file, or SQL with Jinja in the file's context
        @raises RequestFailed configuration for a file that holds no SQL of the project
        """
        use_quick_injection()
        set_project_root(self._project.project_dir)
        # As dbt reads a file: without the space around it. Lines are counted in the text that was given.
        lead = len(text) - len(text.lstrip())
        skipped = text[:lead].count("\n")
        name = _stem(path)
        try:
            held, base = self._base(path, text, fragment)
        except RequestFailed:
            raise
        except Exception as error:  # dbt's refusal of the text, of whichever of its many kinds
            return Compiled(None, None, name, self._error(error, text, skipped))
        unique_id = None if fragment or not held else base.unique_id
        name = name if fragment else base.name
        if _kind(base) == "seed":
            return Compiled(f"select * from {base.relation_name}", base.unique_id, base.name)
        if _kind(base) == "snapshot":
            skipped = 0
        node = self._node(base, text, fragment)
        states = ephemeral_states(self._project.manifest)
        try:
            with self._project.compiling() as compiler:
                node = compiler.compile_node(node, self._project.manifest, write=False)
        except Exception as error:
            return Compiled(None, unique_id, name, self._error(error, text, skipped))
        finally:
            restore_ephemerals(states)
        sql = getattr(node, "compiled_code", None) or ""
        return Compiled(sql.lstrip("\n") if _kind(base) == "snapshot" else sql, unique_id, name, None, node)

    def _base(self, path: str, text: str, fragment: bool) -> tuple[bool, Any]:
        """The node the text is compiled as, and whether dbt has it, too."""
        nodes = self._project.nodes_at(path)
        if nodes and (fragment or path.endswith((".sql", ".py", ".csv"))):
            return True, nodes[0]
        if fragment:
            return False, self._project.bare_node()
        node = self._project.new_node_at(path, text)
        if node is not None:
            return False, node
        raise RequestFailed("configuration", f"{path} is no model, test, snapshot, analysis or seed of dbt's.")

    def _node(self, base: Any, text: str, fragment: bool) -> Any:
        if not fragment:
            whole = text if _kind(base) == "snapshot" else text.strip()
            return self._project.node_with_text(base, whole)
        if _kind(base) == "seed":
            base = self._project.bare_node()
        node = self._project.node_with_text(base, "")
        node.raw_code = text.strip()
        return node

    def _error(self, error: BaseException, text: str, skipped: int) -> dict[str, Any]:
        line, column = compile_line(error, text, skipped)
        return {
            "message": reason_of(error, self._project.project_dir).message,
            "line": line,
            "column": column,
        }


def with_limit(project: DbtProject, node: Any, sql: str, limit: int) -> str:
    """The query `dbt show` would send for at most `limit` rows, as the adapter puts it."""
    from dbt.adapters.factory import get_adapter
    from dbt.context.providers import generate_runtime_model_context

    set_project_root(project.project_dir)
    adapter = get_adapter(project.config)
    if "macro.dbt.get_show_sql" not in project.manifest.macros:
        return f"select * from (\n{sql}\n) as floe_preview limit {limit}"
    shown = copy.copy(node)
    shown.compiled_code = sql
    with project.compiling():
        context = generate_runtime_model_context(shown, project.config, project.manifest)
        text = adapter.execute_macro(
            "get_show_sql",
            macro_resolver=project.manifest,
            context_override=context,
            kwargs={
                "compiled_code": sql,
                "sql_header": context["config"].get("sql_header"),
                "limit": limit,
            },
        )
    return str(text).strip()


def _kind(node: Any) -> str:
    return str(getattr(node, "resource_type", "")).rsplit(".", 1)[-1].lower()


def _stem(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
