"""Python's cyclic collector, run between lints: in the middle of one it costs up to a tenth of it."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import Iterator

_LINTS_BETWEEN_COLLECTIONS = 4
"""A collection takes about a tenth of the lints it cleans up after; few at a time keep each one short."""


class Garbage:
    def __init__(self) -> None:
        self._lints = 0
        gc.disable()

    def linted(self) -> None:
        """A lint left its trees behind."""
        self._lints += 1

    def answered(self) -> None:
        """Nobody waits for the moment: collects, where there is much."""
        if self._lints >= _LINTS_BETWEEN_COLLECTIONS:
            self.collect()

    def collect(self) -> None:
        if self._lints:
            self._lints = 0
            gc.collect()

    @contextmanager
    def loading(self) -> Iterator[None]:
        """A load of a large project would leave hundreds of megabytes behind; the oldest are left alone."""
        gc.set_threshold(200_000, 5, 1_000)
        gc.enable()
        try:
            yield
        finally:
            gc.disable()

    def settle(self) -> None:
        """After a load: what lives now will live on, and is not looked at again by the collector."""
        self._lints = 0
        gc.collect()
        gc.freeze()
