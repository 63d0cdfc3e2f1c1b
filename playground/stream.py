"""The answers to one request to a model's process, as whoever asked takes them."""

from __future__ import annotations

import queue
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.errors import PlaygroundError
from playground.failures import raised
from playground.process import LAST_EVENTS

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from playground.process import Answer, Inbox, ModelProcess

LEFT_S = 0.25  # so often it is looked whether somebody still waits


@dataclass
class Stream:
    """The answers to one request, in order.

    Iterating ends behind the last answer and raises what the process reports; any thread may call ``stop``.

    Attributes:
        left: set by others once nobody waits for the answers any more; None where somebody always does.
    """

    process: ModelProcess
    number: int
    inbox: Inbox
    left: threading.Event | None = None

    def __iter__(self) -> Iterator[Answer]:
        """Yield answers as they arrive."""
        while True:
            message = self.next()
            yield message
            if message["event"] in LAST_EVENTS:
                return

    def only(self) -> Answer:
        """Return the one answer to a question, and forget the question."""
        with closing(self):
            return next(iter(self))

    def next(self) -> Answer:
        """Wait for the next answer.

        Raises:
            PlaygroundError: what the process reports, or that nobody waits any more.
        """
        while True:
            try:
                return raised(self.inbox.get(timeout=LEFT_S if self.left else None))
            except queue.Empty:
                check_there(self.left)

    def ready(self, timeout_s: float = 0.0) -> list[Answer]:
        """Return the answers that are there, waiting for the first at most so long."""
        found = []
        try:
            found.append(self.inbox.get(timeout=timeout_s) if timeout_s else self.inbox.get_nowait())
            while True:
                found.append(self.inbox.get_nowait())
        except queue.Empty:
            return found

    def stop(self, pane: int | None = None) -> None:
        """Ask the run, or one pane of it, to end; the last answer still comes."""
        self.process.stop(self.number, pane)

    def close(self) -> None:
        """Forget the request, stopping it if it still runs."""
        self.process.close_request(self.number)


def check_there(left: threading.Event | None) -> None:
    """Give up what nobody waits for any more.

    Raises:
        PlaygroundError: whoever asked has left.
    """
    if left and left.is_set():
        raise PlaygroundError("Nobody waits for this any more.")
