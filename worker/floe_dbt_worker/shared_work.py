"""What many of SQLFluff's rules work out of the same tree, worked out once: a lint without it does half of its work again
and again.

A lint only reads its tree, so what follows from the tree and the configuration alone can be kept until the lint ends:
the walk to the segments a rule asks for, the reflow sequence of the layout rules, and what a select statement refers
to. Each rule gets what it would have made by itself, in containers of its own. A fix changes the tree and shares nothing.

SQLFluff has no hook for this, so functions of it are replaced; where one of them is not as we know it, it stays.
"""

from __future__ import annotations

import copy
import inspect
import sys
from contextlib import contextmanager
from typing import Any, Callable, Iterator, NamedTuple

from floe_dbt_worker.quick_types import digest, use_quick_types

_KNOWN_CRAWLERS = "666ed149160867fb"
"""Digest of the code `crawl` stands for: the same from SQLFluff 3.0 to 4.4."""

_held: dict[Any, Any] | None = None
"""What is known of the tree that is linted now. None: every function is SQLFluff's own."""
_installed = False


@contextmanager
def shared_work() -> Iterator[None]:
    """While the block runs, one lint without fixes, its rules share what they work out."""
    global _held
    install()
    _held = {}
    try:
        yield
    finally:
        _held = None


def install() -> list[str]:
    """Replaces what can be replaced. SQLFluff's rules have to be imported by now.

    @returns the names of what was, the first time; nothing later
    """
    global _installed
    if _installed:
        return []
    _installed = True
    parts = {
        "crawl": _share_crawl,
        "reflow": _share_reflow,
        "select": _share_select,
        "types": use_quick_types,
    }
    return [name for name, share in parts.items() if _done(share)]


def _done(share: Any) -> bool:
    try:
        return bool(share())
    except (ImportError, AttributeError, OSError, TypeError):
        return False  # a SQLFluff that is built in another way


class _Place(NamedTuple):
    """One segment, as a crawler hands it to a rule."""

    segment: Any
    parents: tuple[Any, ...]
    index: int
    unparsable: bool
    """Whether it is, or is in, what could not be parsed."""


class _Places:
    """A tree in the order it is read, by the types of its segments and by those of their children."""

    def __init__(self, root: Any) -> None:
        self.places: list[_Place] = []
        self.ends: list[int] = []
        """For each place, the number of the first one after its descendants."""
        self.of_type: dict[str, list[int]] = {}
        self.parents_of_type: dict[str, list[int]] = {}
        self._add(root, (), 0, False)

    def _add(self, segment: Any, parents: tuple[Any, ...], index: int, unparsable: bool) -> None:
        number = len(self.places)
        types = segment.class_types
        unparsable = unparsable or "unparsable" in types
        self.places.append(_Place(segment, parents, index, unparsable))
        self.ends.append(number + 1)
        for name in types:
            self.of_type.setdefault(name, []).append(number)
        if segment.segments:
            for name in segment.direct_descendant_type_set:
                self.parents_of_type.setdefault(name, []).append(number)
            lineage = parents + (segment,)
            for at, child in enumerate(segment.segments):
                self._add(child, lineage, at, unparsable)
            self.ends[number] = len(self.places)


def _share_crawl() -> bool:
    from sqlfluff.core.rules.crawlers import BaseCrawler, ParentOfSegmentCrawler, SegmentSeekerCrawler

    known = (
        SegmentSeekerCrawler.crawl,
        SegmentSeekerCrawler.is_self_match,
        ParentOfSegmentCrawler.is_self_match,
        BaseCrawler.passes_filter,
    )
    if digest(known) != _KNOWN_CRAWLERS:
        return False
    original = SegmentSeekerCrawler.crawl

    def crawl(self: Any, context: Any) -> Iterator[Any]:
        kind = type(self)
        walked = (
            _held is None
            or self.provide_raw_stack
            or kind not in (SegmentSeekerCrawler, ParentOfSegmentCrawler)
            or context.parent_stack
            or context.segment_idx
        )
        if walked:
            yield from original(self, context)
            return
        root = context.segment
        tree = _kept("places", (root,), lambda: _Places(root))
        numbers = tree.of_type if kind is SegmentSeekerCrawler else tree.parents_of_type
        beyond = 0
        for number in sorted(set().union(*(numbers.get(name, ()) for name in self.types))):
            place = tree.places[number]
            if number < beyond or (place.unparsable and not self.works_on_unparsable):
                continue
            context.segment, context.parent_stack, context.segment_idx = place.segment, place.parents, place.index
            yield context
            if not self.allow_recurse:
                beyond = tree.ends[number]

    SegmentSeekerCrawler.crawl = crawl
    return True


def _share_reflow() -> bool:
    from sqlfluff.utils.reflow.sequence import ReflowSequence

    original = ReflowSequence.from_root
    if list(inspect.signature(original).parameters) != ["root_segment", "config"]:
        return False

    def from_root(cls: Any, root_segment: Any, config: Any) -> Any:
        make = original.__func__
        if _held is None or cls is not ReflowSequence:
            return make(cls, root_segment, config)
        made = _kept("reflow", (root_segment, config), lambda: make(cls, root_segment, config))
        own = copy.copy(made)
        own.elements, own.lint_results = list(made.elements), list(made.lint_results)
        own.depth_map = copy.copy(made.depth_map)
        own.depth_map.depth_info = dict(made.depth_map.depth_info)
        return own

    ReflowSequence.from_root = classmethod(from_root)
    return True


def _share_select() -> bool:
    from sqlfluff.utils.analysis import select

    original = select.get_select_statement_info
    if list(inspect.signature(original).parameters) != ["segment", "dialect", "early_exit"]:
        return False

    def get_select_statement_info(segment: Any, dialect: Any, early_exit: bool = True) -> Any:
        if _held is None:
            return original(segment, dialect, early_exit)
        named = (segment, dialect, early_exit)
        info = _kept("select", named, lambda: original(*named))
        if info is None:
            return None
        return type(info)(*(list(value) if isinstance(value, list) else value for value in info))

    for name, module in list(sys.modules.items()):
        if name.startswith("sqlfluff.") and getattr(module, original.__name__, None) is original:
            setattr(module, original.__name__, get_select_statement_info)
    return True


def _kept(kind: str, named: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """@param named: what it is made of, by identity: held too, so that nothing else has that identity meanwhile"""
    assert _held is not None
    key = (kind, *map(id, named))
    if key not in _held:
        _held[key] = (named, make())
    return _held[key][1]
