"""Times of one text inside the model's process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.records import Timing

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Clock:
    """Seconds since a request was taken up: until its prompt was read, its first token stood; and tokens so far."""

    now: Callable[[], float]
    start: float = 0.0
    prefilled: float = 0.0
    first: float = 0.0
    count: int = 0

    def __post_init__(self) -> None:
        """Start."""
        self.start = self.now()

    def since(self) -> float:
        """Return the seconds so far."""
        return self.now() - self.start

    def timing(self) -> Timing:
        """Return what a run says of its times."""
        total = self.since()
        span = total - self.first
        rate = (self.count - 1) / span if self.count > 1 and span > 0 else 0.0
        return Timing(self.prefilled, self.first, total, rate)
