"""Python's cyclic collector, run between lints: in the middle of one it costs up to a tenth of it."""

from __future__ import annotations

import gc

_LINTS_BETWEEN_COLLECTIONS = 12


class Garbage:
    def __init__(self) -> None:
        self._lints = 0
        gc.disable()

    def linted(self) -> None:
        """A lint left its trees behind. They are collected when nothing is asked, or when there are many."""
        self._lints += 1
        if self._lints >= _LINTS_BETWEEN_COLLECTIONS:
            self.collect()

    def collect(self) -> None:
        if self._lints:
            self._lints = 0
            gc.collect()

    def settle(self) -> None:
        """After a load: what lives now will live on, and is not looked at again by the collector."""
        self._lints = 0
        gc.collect()
        gc.freeze()
