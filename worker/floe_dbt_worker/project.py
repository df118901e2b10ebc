"""dbt's side: the configuration, the adapter and the one manifest that dbt and SQLFluff's dbt templater
share.

What a dbt minor may change is reached through the templater SQLFluff ships for it where possible, and probed
elsewhere.
"""

from __future__ import annotations

import copy
import os
import re
from contextlib import contextmanager
from typing import Any, Callable, Iterable, Iterator

from floe_dbt_worker.clock import ClockReaders
from floe_dbt_worker.dbt_errors import DbtReason
from floe_dbt_worker.manifest_updates import ManifestUpdates
from floe_dbt_worker.new_file import node_of_new_file
from floe_dbt_worker.private_folder import PrivateFolder
from floe_dbt_worker.warehouse import close_database

_CONFIG_FILES = {
    "dbt_project.yml",
    "profiles.yml",
    "packages.yml",
    "dependencies.yml",
    "package-lock.yml",
    "selectors.yml",
    ".env",
}
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_WRITTEN_FOLDER = re.compile(
    r"""^(?:target-path|log-path|packages-install-path):\s*["']?([^"'#{\n]+?)["']?\s*(?:#.*)?$""",
    re.MULTILINE,
)
IN_PROCESS_DATABASES = {"duckdb", "sqlite"}


class DbtProject:
    """A loaded project. `templater` is SQLFluff's DbtTemplater, made warm (templating.py), or None until
    loaded.
    """

    def __init__(self, project_dir: str, private: PrivateFolder, log: Callable[[str, str], None]) -> None:
        self.project_dir = project_dir
        self.generation = 0
        """Rises whenever a render may give another answer for the same text."""
        self.due = True
        """Whether something changed on disk that only a parse can tell."""
        self.updates = ManifestUpdates()
        self.manifest: Any = None
        self.config: Any = None
        self._clock_readers: ClockReaders | None = None
        self._compiler: Any = None
        self._left_out: dict[str, str] = {}
        self._private = private
        self._log = log
        self._nodes_by_path: dict[str, list[Any]] = {}

    @property
    def loaded(self) -> bool:
        return self.manifest is not None

    @property
    def adapter_type(self) -> str | None:
        return getattr(getattr(self.config, "credentials", None), "type", None)

    @property
    def target_name(self) -> str | None:
        return getattr(self.config, "target_name", None)

    def load(self, templater: Any, afresh: bool) -> None:
        """Reads the project into a new manifest, through `templater`, and only then takes it into use.

        May be interrupted at any point: what was loaded before stays in force. Raises dbt's own exceptions.
        @param afresh: dbt_project.yml or the profile may have changed; read them and make the adapter again.
        """
        from dbt.adapters import factory

        registered = getattr(getattr(factory, "FACTORY", None), "adapters", None)
        before = dict(registered) if registered is not None else None
        try:
            if afresh or self.config is None:
                factory.reset_adapters()
                config = templater.dbt_config
            else:
                config = self.config
                templater.__dict__["dbt_config"] = config
                if hasattr(config, "clear_dependencies"):
                    config.clear_dependencies()
            if self.manifest is None:
                self._private.take_head_start(self.project_dir)
            manifest = self._read_manifest(config)
        except BaseException:
            if before and registered is not None:
                registered.clear()
                registered.update(before)
            raise
        if self.config is not None and config is not self.config:
            self._retire(before)
        self.updates.loaded(self.manifest, manifest)
        self.config, self.manifest = config, manifest
        self._nodes_by_path = _index(manifest.nodes.values())
        disabled = [node for nodes in manifest.disabled.values() for node in nodes]
        self._left_out = {
            **dict.fromkeys(_index(disabled), "disabled"),
            **dict.fromkeys(_index(manifest.macros.values()), "a macro"),
        }
        self._clock_readers = None
        self.generation += 1
        templater.__dict__["dbt_manifest"] = manifest

    def cycle(self) -> DbtReason | None:
        """dbt parses models that need each other, and refuses them only when it compiles the project."""
        state: dict[str, int] = {}
        for start in self.manifest.nodes:
            path: list[tuple[str, Any]] = [(start, None)] if start not in state else []
            while path:
                node_id, parents = path[-1]
                if parents is None:
                    state[node_id] = 1
                    depends_on = getattr(self.manifest.nodes[node_id], "depends_on", None)
                    parents = iter(getattr(depends_on, "nodes", []))
                    path[-1] = (node_id, parents)
                parent = next(
                    (one for one in parents if one in self.manifest.nodes and state.get(one) != 2), None
                )
                if parent is None:
                    state[node_id] = 2
                    path.pop()
                elif state.get(parent) == 1:
                    ring = [known for known, _ in path]
                    ring = ring[ring.index(parent) :]
                    names = " --> ".join([self.manifest.nodes[one].name for one in (*ring, parent)])
                    file = os.path.join(self.project_dir, self.manifest.nodes[parent].original_file_path)
                    return DbtReason(f"dbt cannot compile this project: found a cycle: {names}", file)
                else:
                    path.append((parent, None))
        return None

    def own_folders(self) -> set[str]:
        """Folders of the project dbt writes into: target/, logs/ and the installed packages. Absolute."""
        names = {"target", "logs", "dbt_packages"}
        try:
            with open(os.path.join(self.project_dir, "dbt_project.yml"), encoding="utf-8") as file:
                names.update(_WRITTEN_FOLDER.findall(file.read()))
        except (OSError, UnicodeDecodeError):
            pass
        return {os.path.normcase(os.path.normpath(os.path.join(self.project_dir, name))) for name in names}

    def nodes_at(self, path: str) -> list[Any]:
        """The nodes a file defines, in the manifest's order. `path` is absolute."""
        return self._nodes_by_path.get(_key(path, self.project_dir), [])

    def why_no_node(self, path: str) -> str | None:
        """What a file is that dbt has read and that defines no node, in SQLFluff's words; None for any other file."""
        return self._left_out.get(_key(path, self.project_dir))

    def new_node_at(self, path: str, text: str) -> Any | None:
        """The node dbt will make of a file it has not read; None for one it has read, or would not read.

        Raises dbt's exceptions for the text.
        """
        if self.manifest is None or self.why_no_node(path):
            return None
        if os.path.exists(path) and not self.due:
            return None  # dbt has seen it and left it out
        return node_of_new_file(self.project_dir, self.config, self.manifest, path, text)

    def reads_clock(self, text: str) -> bool:
        """Whether `text`, or a macro it may call, reads the clock: its render is not to be kept."""
        if self._clock_readers is None:
            self._clock_readers = ClockReaders(self.manifest.macros.values() if self.manifest else ())
        return self._clock_readers.may_differ(text)

    def node_with_text(self, node: Any, text: str) -> Any:
        """A copy of `node` whose code is `text`: the manifest itself never holds what is not saved.

        The copy accepts every ref and source that exists, for one typed a moment ago is in no depends_on yet.
        """
        fresh = copy.deepcopy(node)
        fresh.raw_code = snapshot_block(text, node.name) if _is(node, "snapshot") else text.rstrip()
        for attribute, value in (
            ("compiled", False),
            ("compiled_code", None),
            ("extra_ctes", []),
            ("extra_ctes_injected", False),
        ):
            if hasattr(fresh, attribute):
                setattr(fresh, attribute, value)
        depends_on = getattr(fresh, "depends_on", None)
        if depends_on is not None and hasattr(depends_on, "nodes"):
            depends_on.nodes = _EveryNode(depends_on.nodes)
        return fresh

    def saved(self, path: str) -> bool:
        """A file of the project was written. @returns whether the project must be parsed again for it.

        Where only SQL between the Jinja changed, the node takes the new text and no parse is needed.
        """
        if not path.endswith(".sql"):
            return True
        nodes = self.nodes_at(path)
        if len(nodes) != 1 or _is(nodes[0], "snapshot"):
            return True
        try:
            with open(path, encoding="utf-8-sig") as file:
                text = file.read().replace("\r\n", "\n").strip()
        except (OSError, UnicodeDecodeError):
            return True
        old = nodes[0].raw_code
        if not text or _JINJA.findall(old) != _JINJA.findall(text):
            return True
        nodes[0].raw_code = text
        self.updates.touched("nodes", nodes[0].unique_id)
        return False

    @contextmanager
    def compiling(self) -> Iterator[Any]:
        """dbt's compiler, with the adapter ready; it connects when a query first needs it, not before."""
        from dbt.adapters.factory import get_adapter
        from dbt.compilation import Compiler

        adapter = get_adapter(self.config)
        try:
            from dbt.context.providers import generate_runtime_macro_context

            adapter.set_macro_resolver(self.manifest)
            adapter.set_macro_context_generator(generate_runtime_macro_context)
        except (ImportError, AttributeError):  # dbt before 1.8
            pass
        if self._compiler is None or self._compiler.config is not self.config:
            self._compiler = Compiler(self.config)
        adapter.acquire_connection("master")
        try:
            yield self._compiler
        finally:
            end_transaction(adapter)

    def bare_node(self) -> Any:
        """A node of this project that is in no file: what `dbt compile --inline` makes of SQL."""
        from dbt.parser.sql import SqlBlockParser

        parser = SqlBlockParser(project=self.config, manifest=self.manifest, root_project=self.config)
        node = parser.parse_remote("select 1", "floe_dbt_fragment")
        self.manifest.nodes.pop(node.unique_id, None)
        return node

    @staticmethod
    def is_configuration(path: str) -> bool:
        return os.path.basename(path) in _CONFIG_FILES

    def warehouse_state(self) -> tuple[Any, ...] | None:
        """Changes whenever relations come or go, where that can be told without asking: for a DuckDB file. Else
        None.
        """
        path = database_file(getattr(self.config, "credentials", None))
        if path is None:
            return None
        return tuple(_size_and_time(each) for each in (path, f"{path}.wal"))

    def disconnect(self, idle_seconds: float) -> None:
        """Lets go of the warehouse. A database in this process is freed at once, so that others can open its
        file.
        """
        if self.config is None:
            return
        if self.adapter_type not in IN_PROCESS_DATABASES and idle_seconds < 30:
            return
        from dbt.adapters.factory import get_adapter

        adapter = get_adapter(self.config)
        if not connection_is_open(adapter) and not getattr(adapter, "floe_relations_listed", False):
            return
        adapter.cleanup_connections()
        if database_file(self.config.credentials) is not None:
            close_database(adapter)
        adapter.floe_relations_listed = False
        cache = getattr(adapter, "cache", None)
        if cache is not None and hasattr(cache, "clear"):
            cache.clear()

    def _read_manifest(self, config: Any) -> Any:
        from dbt.parser.manifest import ManifestLoader
        from dbt.tracking import do_not_track

        log = self._log

        class Loader(ManifestLoader):  # type: ignore[misc]
            def write_manifest_for_partial_parse(self) -> Any:
                try:
                    return super().write_manifest_for_partial_parse()
                except OSError as error:  # full or read-only disk: the next start is slower, that is all
                    log("warn", f"dbt's partial parse could not be kept: {error}")

        do_not_track()
        return Loader.get_full_manifest(config)

    @staticmethod
    def _retire(adapters: dict[str, Any] | None) -> None:
        for adapter in (adapters or {}).values():
            try:
                adapter.cleanup_connections()
                close_database(adapter)
            except Exception:  # it is going anyway
                pass


def _size_and_time(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def database_file(credentials: Any) -> str | None:
    """The DuckDB file a target is about, which may not be there yet; None for every other warehouse."""
    path = getattr(credentials, "path", None)
    if getattr(credentials, "type", None) != "duckdb" or not isinstance(path, str):
        return None
    return None if "://" in path or path.startswith((":", "md:", "motherduck:")) else path


def connection_is_open(adapter: Any) -> bool:
    connections = getattr(adapter, "connections", None)
    held = getattr(connections, "thread_connections", {}) or {}
    return any(str(getattr(connection, "state", "")).lower().endswith("open") for connection in held.values())


def end_transaction(adapter: Any) -> None:
    """After a query of a render. Where drivers begin a transaction with it (PostgreSQL's, Redshift's), it would go
    on, and whoever replaces a table that was read would wait for its end.
    """
    for connection in list((getattr(adapter.connections, "thread_connections", None) or {}).values()):
        if not str(getattr(connection, "state", "")).lower().endswith("open"):
            continue
        try:
            if getattr(connection.handle, "autocommit", None) is False:
                connection.handle.rollback()
                connection.transaction_open = False
        except Exception:  # it was lost; the next query makes a new one
            adapter.cleanup_connections()
            return


def snapshot_block(text: str, name: str) -> str:
    """What stands between `{% snapshot name %}` and its end, with the line numbers of the file."""
    match = re.search(
        r"\{%-?\s*snapshot\s+" + re.escape(name) + r"\s*-?%\}(.*?)\{%-?\s*endsnapshot\s*-?%\}",
        text,
        re.DOTALL,
    )
    if not match:
        return text.rstrip()
    return "\n" * text[: match.start(1)].count("\n") + match.group(1)


class _EveryNode(list):  # type: ignore[type-arg]
    """A list of node ids that claims to hold any id."""

    def __contains__(self, item: object) -> bool:
        return True


def _is(node: Any, kind: str) -> bool:
    return str(getattr(node, "resource_type", "")).rsplit(".", 1)[-1].lower() == kind


def _key(path: str, project_dir: str) -> str:
    return os.path.normcase(os.path.relpath(path, project_dir))


def _index(nodes: Iterable[Any]) -> dict[str, list[Any]]:
    index: dict[str, list[Any]] = {}
    for node in nodes:
        index.setdefault(os.path.normcase(os.path.normpath(node.original_file_path)), []).append(node)
    return index
