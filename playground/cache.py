"""Logits that the model has answered, kept by the prefix that they follow, up to a number of bytes."""

from __future__ import annotations

import hashlib
import threading
from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.backends.base import Logits

CACHE_BYTES = 256 * 2**20


class LogitsCache:
    """Logits by prefix, the least recently used dropped first; safe to read from a second thread."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        """Start empty."""
        self._limit = limit_bytes
        self._held = 0
        self._rows: OrderedDict[bytes, Logits] = OrderedDict()
        self._lock = threading.Lock()

    def holds(self, rows: int, row: Logits) -> bool:
        """Whether so many rows of this size fit at once."""
        return rows * row.nbytes <= self._limit

    @staticmethod
    def key(ids: tuple[int, ...]) -> bytes:
        """Return a digest of the ids."""
        return hashlib.blake2b(array("q", ids).tobytes(), digest_size=16).digest()

    def get(self, ids: tuple[int, ...]) -> Logits | None:
        """Return the logits after ``ids``, (vocab,), or None."""
        key = self.key(ids)
        with self._lock:
            row = self._rows.get(key)
            if row is not None:
                self._rows.move_to_end(key)
            return row

    def put(self, ids: tuple[int, ...], row: Logits) -> None:
        """Keep logits that nobody writes to any more."""
        key = self.key(ids)
        with self._lock:
            if key in self._rows:
                return
            self._rows[key] = row
            self._held += row.nbytes
            while self._held > self._limit:
                self._held -= self._rows.popitem(last=False)[1].nbytes
