"""What dbt works out while it is imported or read and nobody asks for, put off until somebody does; and what it works out
many times, once. Together a quarter of the time from a worker's start to its first answer.

dbt has no hook for this, so functions below it are replaced; where one of them is not as we know it, it stays.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

from floe_dbt_worker.quick_types import digest

_KNOWN_METHODS = {"e4e54d17dcb96e0a", "ada6d49944cc88de"}
_KNOWN_DEFAULTS = {"0eb4e423e0146f8c", "01192b27e2c1c8df"}
_KNOWN_SOURCE = {"29a653aaaebbe60d"}
"""Digests of the code that is replaced or stood in for, as mashumaro 3.13 to 3.17 and dbt-common 1 have it."""

_done = False


def use_quick_start() -> list[str]:
    """To be called before dbt is imported. @returns the names of what was replaced, the first time; nothing later"""
    global _done
    if _done:
        return []
    _done = True
    parts = {"methods": _defer_methods, "defaults": _keep_defaults, "source": _name_source}
    return [name for name, replace in parts.items() if _replaced(replace)]


def _replaced(replace: Callable[[], bool]) -> bool:
    try:
        return replace()
    except (ImportError, AttributeError, OSError, TypeError):
        return False  # a dbt that is built in another way


def _defer_methods() -> bool:
    """Each of dbt's 340 dataclasses gets four methods from mashumaro, which writes their source. dbt has it wait with that
    until one is called, but what waits is written, too: a sixth of all. Here a class gets a method when it is looked up.
    """
    from mashumaro.core.meta import mixin
    from mashumaro.core.meta.code.builder import CodeBuilder
    from mashumaro.mixins.dict import DataClassDictMixin

    replaced = (
        DataClassDictMixin.__init_subclass__.__func__,
        mixin.compile_mixin_packer,
        mixin.compile_mixin_unpacker,
        CodeBuilder.get_pack_method_name,
        CodeBuilder.get_unpack_method_name,
        CodeBuilder._add_setattr_method,
        CodeBuilder._add_pack_method_lines_lazy,
        CodeBuilder._add_unpack_method_lines_lazy,
    )
    if digest(replaced) not in _KNOWN_METHODS:
        return False

    def init_subclass(cls: Any, **kwargs: Any) -> None:
        super(DataClassDictMixin, cls).__init_subclass__(**kwargs)
        for ancestor in cls.__mro__[-1:0:-1]:
            params = getattr(ancestor, f"_{ancestor.__name__}__mashumaro_builder_params", None)
            if params:
                _Unwritten.put(cls, "unpack", mixin.compile_mixin_unpacker, params["unpacker"])
                _Unwritten.put(cls, "pack", mixin.compile_mixin_packer, params["packer"])

    DataClassDictMixin.__init_subclass__ = classmethod(init_subclass)
    return True


class _Unwritten:
    """Stands in a class for a method of mashumaro's that is not written yet."""

    def __init__(self, owner: Any, name: str, kind: str, write: Callable[..., None], params: dict[str, Any]) -> None:
        self._owner, self._name, self._kind, self._write, self._params = owner, name, kind, write, params

    @staticmethod
    def put(owner: Any, kind: str, write: Callable[..., None], params: dict[str, Any]) -> None:
        from mashumaro.core.meta.code.builder import CodeBuilder

        coder = {"unpack": "decoder", "pack": "encoder"}[kind]
        named = {name: params[name] for name in ("format_name", coder) if name in params}
        internal = getattr(CodeBuilder, f"get_{kind}_method_name")(**named)
        for name in (str(internal), internal.public):
            setattr(owner, name, _Unwritten(owner, name, kind, write, params))

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if self._owner.__dict__[self._name] is self:
            self._write_it()
        return self._owner.__dict__[self._name].__get__(instance, owner)

    def _write_it(self) -> None:
        from mashumaro.core.meta.code.builder import CodeBuilder
        from mashumaro.exceptions import UnresolvedTypeReferenceError

        params = dict(self._params)
        dialect = params.pop("dialect", None)
        try:
            # The method itself, at once: all that its types refer to is there by now.
            builder = CodeBuilder(
                self._owner, default_dialect=dialect, allow_postponed_evaluation=False, **params
            )
            getattr(builder, f"add_{self._kind}_method")()
        except UnresolvedTypeReferenceError:
            self._write(self._owner, **self._params)


def _keep_defaults() -> bool:
    """For the JSON schema of a class mashumaro makes a class for each field with a default, to see what becomes of it. Most
    are None, and many of the rest the same: each is looked at once.
    """
    from mashumaro.jsonschema import schema

    make = schema._default
    if digest((make,)) not in _KNOWN_DEFAULTS:
        return False
    plain = (type(None), bool, int, str)
    known: dict[Any, Any] = {}

    def default(f_type: Any, f_value: Any, config_cls: Any) -> Any:
        if type(f_value) not in plain:
            return make(f_type, f_value, config_cls)
        try:
            key = (f_type, repr(f_type), config_cls, type(f_value), f_value)
            if key in known:
                return known[key]
        except TypeError:  # a type that cannot be a key
            return make(f_type, f_value, config_cls)
        made = make(f_type, f_value, config_cls)
        if type(made) in plain:
            known[key] = made
        return made

    schema._default = default
    return True


def _name_source() -> bool:
    """Who made a behaviour flag is found by dbt in the source of every frame; the frame alone knows."""
    from dbt_common import behavior_flags

    rendered = behavior_flags.BehaviorFlagRendered
    if digest((rendered._default_source,)) not in _KNOWN_SOURCE:
        return False

    def default_source() -> str:
        frame = sys._getframe(1)
        while frame is not None:
            name = frame.f_globals.get("__name__")
            if name != behavior_flags.__name__:
                return str(name)
            frame = frame.f_back
        return "Unknown"

    rendered._default_source = staticmethod(default_source)
    return True
