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
        self._unsettled = False
        gc.disable()

    def linted(self) -> None:
        """A lint left its trees behind."""
        self._lints += 1

    def answered(self) -> None:
        """Nobody waits for the moment: collects, where there is much."""
        if self._lints >= _LINTS_BETWEEN_COLLECTIONS:
            self.collect()

    def collect(self) -> None:
        if self._unsettled:
            self.settle()
        elif self._lints:
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

    @staticmethod
    def imported() -> None:
        """What was imported lives on: no collection of the load that follows has to walk it."""
        gc.freeze()

    def settle_soon(self) -> None:
        """After a load somebody waits for: at the first rest, not before the answer."""
        self._unsettled = True

    def settle(self) -> None:
        """After a load: what lives now will live on, and is not looked at again by the collector."""
        self._lints = 0
        self._unsettled = False
        gc.collect()
        gc.freeze()
