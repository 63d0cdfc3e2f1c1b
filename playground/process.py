"""A model's process as the page sees it: its state, its requests and their answers.

- ``ModelProcess`` starts it; a reader thread brings answers to whoever waits for them.
- A process that dies ends every request that waits for it with ``ModelCrashed``; nobody else notices.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from playground import child, frames, lifeline
from playground.errors import ModelCrashed
from playground.failures import failed, failure
from playground.memory import Files, Tenant, stamp
from playground.sentences import NOTHING, Sentence
from playground.status import State, Status, exit_text, own_mb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playground.catalog import ModelSpec
    from playground.errors import PlaygroundError

END_TIMEOUT_S = 2.0
# Arrays of a vocabulary come and go at each token; keeping their memory takes a chain from 3.7 to 2.1 ms (152k).
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}
LAST_EVENTS = frozenset({"look", "logits", "encoded", "pieces", "scored", "ended", "done", "error"})
AGAIN = Sentence("It starts again with the next run.")

Answer = dict[str, Any]
Inbox = queue.SimpleQueue[Answer]


@dataclass(eq=False)
class ModelProcess:
    """One model's process, and the requests that wait for it.

    Attributes:
        files: what the system said of the model's files before it was started.
        on_change: told that it has loaded or ended, from the reader's thread; with a sentence where it crashed.
        settled: set once it is up, or will not be.
        refusal: why it never started, or was given up: what everybody hears who waits for it to load.
        beats: turns that its main thread has taken.
        ending: somebody ends it.
        used_s: when somebody last used it.
    """

    spec: ModelSpec
    files: Files
    on_change: Callable[[ModelProcess, str], None]
    status: Status = field(default_factory=lambda: Status(State.LOADING))
    settled: threading.Event = field(default_factory=threading.Event)
    refusal: PlaygroundError | None = None
    beats: int = 0
    launched: bool = False
    ending: bool = False
    used_s: float = 0.0

    def __post_init__(self) -> None:
        """Start nothing yet."""
        self._ids = itertools.count(frames.MODEL_ID + 1)
        self._waiting: dict[int, Inbox] = {}
        self._held = 0
        self._lock = threading.Lock()  # for what is written to the process
        self._counting = threading.Lock()  # for who waits; held for a moment only, whatever the process does
        self._reason = NOTHING  # why it was ended; "" where it ended by itself

    def launch(self) -> None:
        """Start the process; it loads in the background."""
        inner, self._lifeline = os.pipe()
        try:
            environment = ENVIRONMENT | {lifeline.VARIABLE: str(inner)}
            self._process = child.start(
                "playground.worker", environment, pass_fds=(inner,) if sys.platform == "linux" else ()
            )
        except OSError:
            os.close(self._lifeline)
            raise
        finally:
            os.close(inner)
        self.launched = True
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        """The id of the process; 0 where none was started."""
        return self._process.pid if self.launched else 0

    @property
    def memory_mb(self) -> int:
        """Memory in MB, its share of what it shares, in whatever state it is; 0 where it is gone."""
        return own_mb(self.pid) if self.launched and self._process.poll() is None else 0

    def tenant(self, *, keep: bool = False) -> Tenant:
        """Return what it holds of the memory; one to ``keep`` counts as in use."""
        state = self.status.state
        leaving = self.ending or state in {State.DOWN, State.FAILED}
        idle = state is State.UP and not self.requests and not keep
        return Tenant(self.spec.title, self.memory_mb, idle, leaving, self.used_s)

    @property
    def requests(self) -> int:
        """How many requests it works on, or will once it has loaded."""
        with self._counting:
            return len(self._waiting) + self._held

    @contextmanager
    def held(self) -> Iterator[None]:
        """Count as a request from now on: somebody waits for it to load, to send one."""
        with self._counting:
            self._held += 1
        try:
            yield
        finally:
            with self._counting:
                self._held -= 1

    def _send(self, message: Answer) -> None:
        try:
            with self._lock:
                pipe = cast("BinaryIO", self._process.stdin)
                if not pipe.closed:
                    frames.send(pipe, message)
        except OSError:  # the reader sees the end and tells everybody who waits
            logging.getLogger(__name__).info("%s: its process is gone", self.spec.key)

    def _read(self) -> None:
        self._send({"spec": self.spec.to_dict()})
        pipe = cast("BinaryIO", self._process.stdout)
        while (message := frames.receive(pipe)) is not None:
            if message["id"] == frames.MODEL_ID:
                self._hear(message)
                continue
            with self._counting:
                last = message["event"] in LAST_EVENTS
                inbox = self._waiting.pop(message["id"], None) if last else self._waiting.get(message["id"])
            if inbox:
                inbox.put(message)
        pipe.close()
        self._ended()
        self._close_input()
        self._process.wait()
        os.close(self._lifeline)

    def _close_input(self) -> None:
        """Close the pipe to the process, unless somebody is stuck writing to it: then only killing helps."""
        if self._lock.acquire(timeout=END_TIMEOUT_S):
            try:
                with suppress(OSError):  # it flushes, to nobody
                    cast("BinaryIO", self._process.stdin).close()
            finally:
                self._lock.release()

    def _hear(self, message: Answer) -> None:
        """Take what the process says of itself."""
        if self.ending:  # it was given up, and was a moment faster
            return
        match message["event"]:
            case "beat":
                self.beats = message["beats"]
            case "loading":
                self.status = Status(State.LOADING, stage=message["stage"], part=message["part"])
            case "ready":
                self._settle(Status.up(message, self.pid))
            case _:
                self._settle(Status(State.FAILED, reason=failure(message).said))

    def _settle(self, status: Status) -> None:
        self.status = status
        self.on_change(self, "")
        self.settled.set()

    def _ended(self) -> None:
        """Tell everybody who waits, once; the process is gone or closes."""
        reason = self._reason or self._why(self._process.wait())
        lived = self.status.state in {State.LOADING, State.UP}
        if lived:
            self.status = Status(State.DOWN, reason=reason)
        self.on_change(self, reason if lived and (self._reason or not self.ending) else "")
        self.settled.set()
        with self._counting:
            waiting, self._waiting = self._waiting, {}
        for inbox in waiting.values():
            inbox.put(failed(ModelCrashed(reason, hint=AGAIN)))

    def _why(self, code: int) -> Sentence:
        how = exit_text(code)
        if ("SIGBUS" in how or "SIGSEGV" in how) and stamp(self.spec) != self.files:
            return Sentence(
                "The model's process stopped ({how}), since the model's file changed on disk while it was in use.",
                how=how,
            )
        return Sentence("The model's process stopped ({how}).", how=how)

    def open(self, request: Answer) -> tuple[int, Inbox]:
        """Send a request; return its id and where its answers arrive."""
        inbox: Inbox = queue.SimpleQueue()
        number = next(self._ids)
        with self._counting:
            self._waiting[number] = inbox
        if self._process.poll() is not None and self.status.state is State.DOWN:
            inbox.put(failed(ModelCrashed(self.status.reason, hint=AGAIN)))
        self._send({"id": number, **request})
        return number, inbox

    def close_request(self, number: int) -> None:
        """Stop a request, whatever state it is in; answers that still come are dropped."""
        with self._counting:
            open_ = self._waiting.pop(number, None)
        if open_ is not None:
            self.stop(number)

    def stop(self, number: int, pane: int | None = None) -> None:
        """Ask a run to end, or one pane of several; the last answer of either says that it was stopped."""
        self._send({"op": "stop", "target": number} | ({} if pane is None else {"pane": pane}))

    def grant(self, number: int, count: int) -> None:
        """Ask a request for so many rows more."""
        self._send({"op": "more", "target": number, "count": count})

    def refuse(self, refusal: PlaygroundError) -> None:
        """Give up loading; whoever waits for it hears why."""
        self.ending = True
        self.refusal = refusal
        self.status = Status(State.DOWN, reason=refusal.said)
        self.settled.set()

    def close(self, reason: Sentence = NOTHING) -> bool:
        """End the process: close its input, then terminate, then kill; False where even that does not help.

        With a reason, which everybody hears who waits, it counts as a crash.
        """
        self.ending, self._reason = True, self._reason or reason
        if not self.launched:
            return True
        self._close_input()
        for end in (self._process.terminate, self._process.kill, lambda: None):
            try:
                self._process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                end()
        return self._process.poll() is not None
