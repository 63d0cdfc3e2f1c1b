"""Finds a model's process that makes no progress: a load that stands still, a main thread that is stuck.

- Progress of a load is a new stage, a larger part or more resident memory; that of requests is another turn of the
  main thread.
- A process sends ``beat`` frames from a thread of its own, with the number of turns; one that is stopped sends none.
- Nothing is asked of the process, since asking one that does not read could hang whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.sentences import Sentence
from playground.status import State, resident_mb

if TYPE_CHECKING:
    from collections.abc import Hashable

    from playground.process import ModelProcess

LOAD_TIMEOUT_S = 120.0
STUCK_S = 60.0  # a piece of a prompt of a large model on few cores may take half of that


@dataclass
class Watchdog:
    """Watches one process."""

    process: ModelProcess
    marker: Hashable = None
    since: float = 0.0
    peak_mb: int = 0

    def bark(self, now: float) -> Sentence | None:
        """Return why the process must be ended, None where it need not be; to be called about once a second.

        The sentence begins with its verb.
        """
        marker = self._marker()
        if marker is None or marker != self.marker:
            self.marker, self.since = marker, now
            return None
        loading = self.process.status.state is State.LOADING
        limit = LOAD_TIMEOUT_S if loading else STUCK_S
        if now - self.since <= limit:
            return None
        return Sentence("made no progress for {seconds:.0f} s and was ended.", seconds=limit)

    def _marker(self) -> Hashable:
        """Return what changes with each progress; None where nothing is awaited."""
        status = self.process.status
        if status.state is State.LOADING and self.process.launched:
            self.peak_mb = max(self.peak_mb, resident_mb(self.process.pid))
            return status.stage, status.part, self.peak_mb
        if status.state is State.UP and self.process.requests:
            return self.process.beats
        return None
