"""SQLFluff's own dbt templater, kept warm: it renders the text it is given on the manifest we hold, and
changes neither.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, Iterator

from floe_dbt_worker.compile_state import ephemeral_states, restore_ephemerals
from floe_dbt_worker.cte_injection import limited, use_quick_injection
from floe_dbt_worker.project import DbtProject, connection_is_open, database_file, end_transaction



def warm_templater(base: type[Any], project: DbtProject) -> Any:
    """An instance of a subclass of SQLFluff's DbtTemplater for `project`.

    After each `process`, `dbt_error` is dbt's exception if it could not compile the text, `skip_reason` why
    SQLFluff leaves the file out, `asked_warehouse` whether a query ran for it, and `listed_relations` whether
    it looked which relations there are.
    """

    class WarmDbtTemplater(base):  # type: ignore[misc]
        dbt_error: BaseException | None = None
        skip_reason: str | None = None
        asked_warehouse = False
        listed_relations = False

        def __eq__(self, other: object) -> bool:
            return isinstance(other, base)

        __hash__ = None  # type: ignore[assignment]

        def process(
            self, *, fname: str, in_str: str | None = None, config: Any = None, formatter: Any = None
        ) -> Any:
            self.dbt_error = self.skip_reason = None
            self.asked_warehouse = self.listed_relations = False
            self._text = in_str
            states = ephemeral_states(self.dbt_manifest)
            from sqlfluff.core.errors import SQLFluffSkipFile

            try:
                return super().process(fname=fname, in_str=in_str, config=config, formatter=formatter)
            except SQLFluffSkipFile as skip:
                self.skip_reason = str(skip)
                raise
            finally:
                restore_ephemerals(states)
                self._text = None

        def _find_node(self, fname: str, config: Any = None, dbt_dir: str = "") -> Any:
            from sqlfluff.core.errors import SQLFluffSkipFile

            nodes = project.nodes_at(fname)
            reason = None if nodes else project.why_no_node(fname)
            if reason:
                raise SQLFluffSkipFile(f"Skipped file {fname} because it is {reason}")
            node = nodes[0] if nodes else self._new_node(fname)
            if node is None:
                # dbt's own selector walks every node; it is asked only for what our index does not know.
                node = super()._find_node(fname, config, dbt_dir)
            return project.node_with_text(node, self._text) if self._text is not None else node

        def _new_node(self, fname: str) -> Any | None:
            """As dbt will see a file that was created since the last parse, saved or not."""
            from sqlfluff.core.errors import SQLFluffSkipFile, SQLTemplaterError

            try:
                node = project.new_node_at(fname, self._text or "")
            except Exception as error:  # dbt's refusal of the text, of whichever of its many kinds
                self.dbt_error = error
                # As SQLFluff does where the compile fails.
                if getattr(self, "dbt_skip_compilation_error", True) is False:
                    raise SQLTemplaterError(str(error)) from None
                raise SQLFluffSkipFile(f"Skipped file {fname} because dbt refused it: {error}") from None
            if node is not None and not getattr(node.config, "enabled", True):
                raise SQLFluffSkipFile(f"Skipped file {fname} because it is disabled")
            return node

        @contextmanager
        def connection(self) -> Iterator[None]:
            """Connects when a query first needs it, not before: most models never do."""
            try:
                from dbt.adapters.factory import get_adapter
                from dbt.context.providers import generate_runtime_macro_context

                adapter = get_adapter(self.dbt_config)
                adapter.set_macro_resolver(self.dbt_manifest)
                adapter.set_macro_context_generator(generate_runtime_macro_context)
            except (ImportError, AttributeError):  # dbt before 1.8
                with super().connection():
                    yield
                return
            adapter.acquire_connection("master")
            _watch(adapter)
            adapter.floe_queried = adapter.floe_listed = False
            was_open = connection_is_open(adapter)
            compiler = self.dbt_compiler
            if "compile_node" not in compiler.__dict__:
                compiler.compile_node = self._noting_errors(compiler.compile_node)
            try:
                yield
            finally:
                self.listed_relations = adapter.floe_listed
                opened = connection_is_open(adapter) and not was_open
                self.asked_warehouse = adapter.floe_queried or (opened and not adapter.floe_listed)
                end_transaction(adapter)

        def _noting_errors(self, compile_node: Any) -> Any:
            def compile_and_note(*args: Any, **kwargs: Any) -> Any:
                use_quick_injection()
                try:
                    with limited():
                        return compile_node(*args, **kwargs)
                except Exception as error:
                    self.dbt_error = error
                    raise

            return compile_and_note

    return WarmDbtTemplater()


def _watch(adapter: Any) -> None:
    """Notes on the adapter when a query runs or relations are looked up, for such a render may differ the next
    time.
    """
    if getattr(adapter, "floe_watched", False):
        return
    adapter.floe_watched = True
    adapter.floe_queried = adapter.floe_listed = False
    adapter.floe_listing = 0
    adapter.floe_relations_listed = False

    def noting_queries(name: str) -> None:
        original = getattr(adapter.connections, name, None)
        if original is None:
            return

        def noted(*args: Any, **kwargs: Any) -> Any:
            adapter.floe_queried = adapter.floe_queried or not adapter.floe_listing
            return original(*args, **kwargs)

        setattr(adapter.connections, name, noted)

    noting_queries("execute")
    noting_queries("add_query")
    list_relations = getattr(adapter, "list_relations", None)
    if list_relations is None:
        return

    def noted_listing(*args: Any, **kwargs: Any) -> Any:
        adapter.floe_listed = True
        if _database_is_absent(adapter):
            return []  # DuckDB would make the file in the user's folder just to find it empty
        adapter.floe_relations_listed = True
        adapter.floe_listing += 1
        try:
            return list_relations(*args, **kwargs)
        finally:
            adapter.floe_listing -= 1

    adapter.list_relations = noted_listing


def _database_is_absent(adapter: Any) -> bool:
    path = database_file(getattr(getattr(adapter, "config", None), "credentials", None))
    return path is not None and not os.path.exists(path)
