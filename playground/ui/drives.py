"""Searches and comparisons that run in the background, each in a thread of its own and only so many at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from playground.errors import ModelBusy
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")
MAX_RUNNING = 32  # that run or wait for a model at once; a model's own line is bounded, too


class Drives:
    """Background work of one kind."""

    def __init__(self, what: str, most: int = MAX_RUNNING) -> None:
        """Start nothing yet; ``what`` names it in the plural."""
        self._what, self._most = what, most
        self._running = 0
        self._lock = threading.Lock()

    def begin(self, make: Callable[[], Item], work: Callable[[Item], None]) -> Item:
        """Make an item, work on it in the background, and return it at once.

        Raises:
            ModelBusy: as many as there may be run or wait already; nothing was made.
        """
        with self._lock:
            if self._running >= self._most:
                raise ModelBusy(
                    Sentence("{running} {what} run or wait;", running=self._running, what=self._what),
                    hint="try again when some have ended.",
                )
            self._running += 1
        try:
            item = make()
            threading.Thread(target=self._run, args=(work, item), daemon=True).start()
        except BaseException:
            self._end()
            raise
        return item

    def _run(self, work: Callable[[Item], None], item: Item) -> None:
        try:
            work(item)
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._running -= 1
