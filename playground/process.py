"""A model's process as the page sees it: its state, its requests and their answers.

- ``ModelProcess`` starts it; a reader thread brings answers to whoever waits for them.
- A process that dies ends every request that waits for it with ``ModelCrashed``; nobody else notices.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import psutil

from playground import errors, worker
from playground.errors import PlaygroundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playground.catalog import ModelSpec

END_TIMEOUT_S = 2.0
ROOT = Path(__file__).resolve().parent.parent
READY_FIELDS = ("chat_problem", "context_tokens", "vocab_size", "build", "own_settings", "load_s")
# Arrays of a vocabulary come and go at each token; keeping their memory takes a chain from 3.7 to 2.1 ms (152k).
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}
LAST_EVENTS = frozenset({"look", "logits", "encoded", "ended", "error"})

Answer = dict[str, Any]


class State(StrEnum):
    """Where a model stands."""

    DOWN = "down"
    LOADING = "loading"
    UP = "up"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """A model's state; ``reason`` where it failed, the numbers where it is up."""

    state: State
    reason: str = ""
    chat_problem: str = ""
    context_tokens: int = 0
    vocab_size: int = 0
    build: str = ""
    own_settings: Mapping[str, Any] = field(default_factory=dict)
    load_s: float = 0.0
    pid: int = 0

    @property
    def memory_mb(self) -> int:
        """Resident memory of the model's process in MiB; 0 where it is not up."""
        if self.state is not State.UP:
            return 0
        try:
            return int(psutil.Process(self.pid).memory_info().rss / 2**20)
        except psutil.Error:
            return 0


Inbox = queue.SimpleQueue[Answer]


@dataclass
class ModelProcess:
    """One model's process, and the requests that wait for it."""

    spec: ModelSpec
    on_end: Callable[[str], None]
    status: Status = field(default_factory=lambda: Status(State.LOADING))
    settled: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Start the process; it loads in the background."""
        self._ids = itertools.count(worker.READY_ID + 1)
        self._waiting: dict[int, Inbox] = {}
        self._lock = threading.Lock()
        self._closing = False
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"PYTHONPATH": path} | ENVIRONMENT
        self._process = subprocess.Popen(
            [sys.executable, "-m", "playground.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the page, which then closes this process's input
        )
        self._send({"spec": self.spec.to_dict()})
        threading.Thread(target=self._read, daemon=True).start()

    def _send(self, message: Answer) -> None:
        try:
            with self._lock:
                pipe = cast("BinaryIO", self._process.stdin)
                if not pipe.closed:
                    worker.send(pipe, message)
        except OSError:  # the reader sees the end and tells everybody who waits
            logging.getLogger(__name__).info("%s: its process is gone", self.spec.key)

    def _read(self) -> None:
        pipe = cast("BinaryIO", self._process.stdout)
        while (message := worker.receive(pipe)) is not None:
            if message["id"] == worker.READY_ID:
                self._settle(message)
            elif inbox := self._waiting.get(message["id"]):
                inbox.put(message)
        pipe.close()
        self._ended()
        self._close_input()

    def _close_input(self) -> None:
        """Close the pipe to the process, unless somebody is stuck writing to it: then only killing helps."""
        if self._lock.acquire(timeout=END_TIMEOUT_S):
            try:
                with suppress(OSError):  # it flushes, to nobody
                    cast("BinaryIO", self._process.stdin).close()
            finally:
                self._lock.release()

    def _settle(self, message: Answer) -> None:
        if message["event"] == "ready":
            known = {name: message[name] for name in READY_FIELDS}
            self.status = Status(State.UP, pid=self._process.pid, **known)
        else:
            self.status = Status(State.FAILED, reason=" ".join(part for part in message["text"][:2] if part))
        self.settled.set()

    def _ended(self) -> None:
        """Tell everybody who waits, once; the process is gone or closes."""
        reason = f"The model's process stopped ({exit_text(self._process.wait())})."
        if self.status.state in {State.LOADING, State.UP}:
            self.status = Status(State.DOWN, reason=reason)
            if not self._closing:
                self.on_end(reason)
        self.settled.set()
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for inbox in waiting.values():
            inbox.put(
                {"event": "error", "kind": "ModelCrashed", "text": (reason, "It starts again with the next run.", "")}
            )

    def open(self, request: Answer) -> tuple[int, Inbox]:
        """Send a request; return its id and where its answers arrive."""
        inbox: Inbox = queue.SimpleQueue()
        number = next(self._ids)
        with self._lock:
            self._waiting[number] = inbox
        if self._process.poll() is not None and self.status.state is State.DOWN:
            inbox.put({"event": "error", "kind": "ModelCrashed", "text": (self.status.reason, "Run again.", "")})
        self._send({"id": number, **request})
        return number, inbox

    def close_request(self, number: int) -> None:
        """Stop a request, whatever state it is in; answers that still come are dropped."""
        with self._lock:
            open_ = self._waiting.pop(number, None)
        if open_ is not None:
            self.stop(number)

    def stop(self, number: int) -> None:
        """Ask a run to end; its last answer says that it was stopped."""
        self._send({"op": "stop", "target": number})

    def close(self) -> None:
        """End the process: close its input, then terminate, then kill."""
        self._closing = True
        self._close_input()
        for end in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                end()


@dataclass
class Stream:
    """The answers to one request, in order.

    Iterating ends behind the last answer and raises what the model's process reports; ``stop`` may be called from any
    thread.
    """

    process: ModelProcess
    number: int
    inbox: Inbox

    def __iter__(self) -> Iterator[Answer]:
        """Yield answers as they arrive."""
        while True:
            message = self.inbox.get()
            yield raised(message)
            if message["event"] in LAST_EVENTS:
                return

    def ready(self, timeout_s: float = 0.0) -> list[Answer]:
        """Return the answers that are there, waiting for the first at most so long."""
        found = []
        try:
            found.append(self.inbox.get(timeout=timeout_s) if timeout_s else self.inbox.get_nowait())
            while True:
                found.append(self.inbox.get_nowait())
        except queue.Empty:
            return found

    def stop(self) -> None:
        """Ask the run to end; its last answer still comes."""
        self.process.stop(self.number)

    def close(self) -> None:
        """Forget the request, stopping it if it still runs."""
        self.process.close_request(self.number)


def raised(message: Answer) -> Answer:
    """Return an answer, or raise the failure that it reports."""
    if message["event"] != "error":
        return message
    kind = getattr(errors, message["kind"], PlaygroundError)
    text, hint, about = message["text"]
    raise kind(text, hint=hint, field=about)


def exit_text(code: int) -> str:
    """Name how a process ended: ``signal 9, SIGKILL`` or ``exit code 1``."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code}, {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
