"""dbt's configuration of a project without SQLFluff's templater, which otherwise makes it."""

from __future__ import annotations

from functools import cached_property
from types import SimpleNamespace
from typing import Any


class PlainConfig:
    """Stands in for the templater in DbtProject.load."""

    def __init__(self, options: dict[str, Any]) -> None:
        """@param options: project_dir, profiles_dir, target and target_path, None where dbt is to look itself"""
        self._options = options
        self.dbt_manifest: Any = None

    @cached_property
    def dbt_config(self) -> Any:
        """Raises dbt's own exceptions."""
        from dbt import flags
        from dbt.adapters.factory import register_adapter
        from dbt.config.runtime import RuntimeConfig
        from dbt.mp_context import get_mp_context

        try:
            from dbt_common.clients.system import get_env
            from dbt_common.context import set_invocation_context

            set_invocation_context(get_env())
        except ImportError:  # dbt before 1.8
            pass
        profiles_dir = self._options["profiles_dir"]
        if profiles_dir is None:
            from dbt.cli.resolvers import default_profiles_dir

            profiles_dir = str(default_profiles_dir())
        arguments = SimpleNamespace(
            project_dir=self._options["project_dir"],
            profiles_dir=profiles_dir,
            profile=None,
            target=self._options["target"],
            target_path=self._options["target_path"],
            threads=None,
            single_threaded=False,
            vars={},
            which="compile",
            REQUIRE_RESOURCE_NAMES_WITHOUT_SPACES=None,
        )
        flags.set_from_args(arguments, None)
        config = RuntimeConfig.from_args(arguments)
        register_adapter(config, get_mp_context())
        return config
