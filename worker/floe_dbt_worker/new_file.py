"""A file the last parse has not seen, as the node dbt's own parser will make of it."""

from __future__ import annotations

import os
from typing import Any


def node_of_new_file(project_dir: str, config: Any, manifest: Any, path: str, text: str) -> Any | None:
    """The node of the first model, snapshot, analysis or test in `text`; None where dbt reads no such file
    there.

    The manifest stays as it is. Properties of YAML files are not applied. Raises dbt's exceptions for the
    text.
    @param path: absolute; need not exist
    """
    found = _kind(project_dir, config, path)
    if found is None:
        return None
    parser_class, searched, file_type = found

    from dbt.contracts.files import FileHash, FilePath, SourceFile
    from dbt.parser.search import FileBlock

    caught: list[Any] = []

    class Parser(parser_class):  # type: ignore[misc, valid-type]
        def add_result_node(self, block: Any, node: Any) -> None:
            caught.append(node)

    relative = os.path.relpath(path, os.path.join(project_dir, searched))
    file = SourceFile(
        path=FilePath(
            searched_path=searched, relative_path=relative, modification_time=0.0, project_root=project_dir
        ),
        checksum=FileHash.from_contents(text),
        project_name=config.project_name,
        parse_file_type=file_type,
        contents=text.strip(),
    )
    Parser(config, manifest, config).parse_file(FileBlock(file))
    return caught[0] if caught else None


def _kind(project_dir: str, config: Any, path: str) -> tuple[type[Any], str, Any] | None:
    """dbt's parser for a path, the folder of the project it belongs to, and dbt's name of the kind."""
    from dbt.contracts.files import ParseFileType
    from dbt.parser.analysis import AnalysisParser
    from dbt.parser.models import ModelParser
    from dbt.parser.singular_test import SingularTestParser
    from dbt.parser.snapshots import SnapshotParser

    kinds = (
        (config.model_paths, ModelParser, ParseFileType.Model),
        (config.snapshot_paths, SnapshotParser, ParseFileType.Snapshot),
        (config.analysis_paths, AnalysisParser, ParseFileType.Analysis),
        (config.test_paths, SingularTestParser, ParseFileType.SingularTest),
    )
    for folders, parser, file_type in kinds:
        for folder in folders:
            inside = os.path.relpath(path, os.path.join(project_dir, folder))
            generic_test = file_type == ParseFileType.SingularTest and inside.split(os.sep)[0] == "generic"
            if not inside.startswith(os.pardir) and not generic_test:
                return parser, folder, file_type
    return None
