"""How long a model rests: for minutes after several crashes, for seconds after a load that failed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

CRASH_LIMIT, CRASH_WINDOW_S = 3, 300.0
FAILED_REST_S = 10.0


@dataclass
class Rests:
    """Crashes and failures by model."""

    now: Callable[[], float]
    _crashes: dict[str, deque[float]] = field(default_factory=dict)
    _failed: dict[str, float] = field(default_factory=dict)  # when somebody first heard of it

    def crashed(self, key: str) -> None:
        """Note that a model's process ended by itself, or had to be ended."""
        self._crashes.setdefault(key, deque(maxlen=CRASH_LIMIT)).append(self.now())

    def after_crashes_s(self, key: str) -> float:
        """Return how long a model rests after its crashes; 0 where it may start."""
        times = self._crashes.get(key)
        return max(0.0, CRASH_WINDOW_S - (self.now() - times[0])) if times and len(times) == CRASH_LIMIT else 0.0

    def heard(self, key: str) -> None:
        """Note that somebody heard why a model could not be loaded."""
        self._failed.setdefault(key, self.now())

    def after_failure(self, key: str) -> bool:
        """Whether a failed load still stands for an answer; the first to ask always hears it."""
        heard = self._failed.get(key)
        return heard is None or self.now() - heard < FAILED_REST_S

    def tries_again(self, key: str) -> None:
        """Forget a failed load: another one begins."""
        self._failed.pop(key, None)


def resting(title: str) -> Sentence:
    """Say that a model rests after crashes."""
    return Sentence(
        "{title} stopped {times} times in {minutes:.0f} minutes and rests.",
        title=title,
        times=CRASH_LIMIT,
        minutes=CRASH_WINDOW_S / 60,
    )
