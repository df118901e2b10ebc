"""Whether a segment is of a type: SQLFluff asks so 25,000 times for a file of 60 lines, and makes two sets to answer."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any, Iterable

_KNOWN = "6718a5ea66032571"
"""Digest of the code that is replaced: the same from SQLFluff 3.0 to 4.4."""


def use_quick_types() -> bool:
    """The same answers for this process, without a set made for each. @returns False where the code is another"""
    from sqlfluff.core.parser.segments.base import BaseSegment
    from sqlfluff.core.parser.segments.raw import RawSegment

    if digest((RawSegment.is_type, BaseSegment.is_type, BaseSegment.class_is_type)) != _KNOWN:
        return False

    def raw_is_type(self: Any, *seg_type: str) -> bool:
        for name in self.instance_types:
            if name in seg_type:
                return True
        return not self._class_types.isdisjoint(seg_type)

    def is_type(self: Any, *seg_type: str) -> bool:
        return not self._class_types.isdisjoint(seg_type)

    RawSegment.is_type = raw_is_type
    BaseSegment.is_type = is_type
    return True


def digest(functions: Iterable[Any]) -> str:
    """What tells code we know from any other."""
    return hashlib.sha256("".join(map(inspect.getsource, functions)).encode()).hexdigest()[:16]
