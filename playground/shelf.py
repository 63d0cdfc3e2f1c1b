"""What visitors made, under ids that cannot be guessed; bounded in size and in time, and how its growth is stopped."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from playground.errors import RunNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.sentences import Sentence

EXPIRY_S = 2 * 3600.0


class Growing(Protocol):
    """What a shelf keeps; ``touched`` is when somebody asked for it last."""

    touched: float

    @property
    def over(self) -> bool:
        """Nothing more comes."""

    @property
    def weight(self) -> int:
        """Room that it takes."""


Item = TypeVar("Item", bound=Growing)


class Gone(NamedTuple):
    """What is said of an item that is no longer there."""

    message: Sentence
    hint: Sentence


@dataclass(kw_only=True)
class Stoppable:
    """What a model's process is at work on, or will be."""

    stop_asked: bool = False
    stopper: Callable[[], None] | None = None

    def stop(self) -> None:
        """Ask it to end, even before its model has taken it up."""
        self.stop_asked = True
        if self.stopper:
            self.stopper()

    def opened(self, stopper: Callable[[], None]) -> None:
        """Say how to stop it, and pass on a stop that was asked for before."""
        self.stopper = stopper
        if self.stop_asked:
            stopper()


class Shelf(Generic[Item]):
    """Items by id, the oldest forgotten first; one that still grows is never forgotten."""

    def __init__(self, most: int, missing: Gone, now: Callable[[], float] = time.monotonic) -> None:
        """Start empty; ``most`` is the weight of all together, ``missing`` what is said of one that is gone."""
        self.now = now
        self.most, self._missing = most, missing
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, item: Item) -> None:
        """Keep an item, and forget those that are over and too many or too old."""
        with self._lock:
            self._items[key] = item
            held = sum(other.weight for other in self._items.values())
            for name, other in list(self._items.items()):
                if other.over and (self._expired(other) or held > self.most):
                    held -= other.weight
                    del self._items[name]

    def _expired(self, item: Item) -> bool:
        return item.over and self.now() - item.touched > EXPIRY_S

    def values(self) -> list[Item]:
        """Return all items, the one that was asked for last at the end."""
        with self._lock:
            return list(self._items.values())

    def get(self, key: str) -> Item:
        """Return an item.

        Raises:
            RunNotFound: it was forgotten or never was.
        """
        with self._lock:
            item = self._items.get(key)
            if item is None or self._expired(item):
                raise RunNotFound(self._missing.message, hint=self._missing.hint)
            item.touched = self.now()
            self._items.move_to_end(key)
            return item
