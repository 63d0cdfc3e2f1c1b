"""Which models are up: one process each, started when first needed, started again after a crash.

- ``Pool.ask`` and ``Pool.stream`` carry a request to a model's process and bring its answers back.
- A process that dies ends every request that waits for it with ``ModelCrashed``; nobody else notices.
- Three crashes in five minutes and a model stays down until the page is started again.
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
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import psutil

from playground import errors, worker
from playground.errors import ModelCrashed, ModelError, ModelNotReady, PlaygroundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playground.catalog import Catalog, ModelSpec
    from playground.records import Prompt, SamplingParams
    from playground.worker import Message

LOAD_TIMEOUT_S = 120.0
CRASH_LIMIT, CRASH_WINDOW_S = 3, 300.0
END_TIMEOUT_S = 2.0
ROOT = Path(__file__).resolve().parent.parent
LAST_EVENTS = frozenset({"look", "logits", "ended", "error"})


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


Inbox = queue.SimpleQueue["Message"]


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
        environment = os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 (our own module, by our own interpreter)
            [sys.executable, "-m", "playground.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._send({"spec": self.spec.to_dict()})
        threading.Thread(target=self._read, daemon=True).start()

    def _send(self, message: Message) -> None:
        try:
            with self._lock:
                worker.send(cast("IO[bytes]", self._process.stdin), message)  # type: ignore[arg-type]
        except (BrokenPipeError, ValueError):  # the reader sees the end and tells everybody who waits
            logging.getLogger(__name__).info("%s: its process is gone", self.spec.key)

    def _read(self) -> None:
        pipe = cast("IO[bytes]", self._process.stdout)
        while (message := worker.receive(pipe)) is not None:  # type: ignore[arg-type]
            if message["id"] == worker.READY_ID:
                self._settle(message)
            elif inbox := self._waiting.get(message["id"]):
                inbox.put(message)
        pipe.close()
        self._ended()

    def _settle(self, message: Message) -> None:
        if message["event"] == "ready":
            known = {name: message[name] for name in ("chat_problem", "context_tokens", "vocab_size", "build", "load_s")}
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
            inbox.put({"event": "error", "kind": "ModelCrashed", "text": (reason, "It starts again with the next run.", "")})

    def open(self, request: Message) -> tuple[int, Inbox]:
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
        with self._lock:
            cast("IO[bytes]", self._process.stdin).close()
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

    def __iter__(self) -> Iterator[Message]:
        """Yield answers as they arrive."""
        while True:
            message = self.inbox.get()
            yield raised(message)
            if message["event"] in LAST_EVENTS:
                return

    def ready(self, timeout_s: float) -> list[Message]:
        """Wait for an answer at most so long; return all that are there."""
        found = []
        try:
            found.append(self.inbox.get(timeout=max(0.0, timeout_s)))
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


def raised(message: Message) -> Message:
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


class Pool:
    """The models of a catalog and their processes."""

    def __init__(self, catalog: Catalog, now: Callable[[], float] = time.monotonic) -> None:
        """Start nothing yet."""
        self.catalog = catalog
        self._now = now
        self._processes: dict[str, ModelProcess] = {}
        self._crashes: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def start(self, key: str) -> ModelProcess:
        """Return a model's process, starting it where none is up; loading goes on in the background.

        Raises:
            CatalogError: there is no such model.
            ModelError: it cannot run here, or it crashed too often.
        """
        spec = self.catalog.get(key)
        if spec.problem:
            raise ModelError(f"{spec.title} cannot run here: {spec.problem}", field="model")
        with self._lock:
            process = self._processes.get(key)
            if process and process.status.state in {State.LOADING, State.UP}:
                return process
            self._check_crashes(spec)
            process = self._processes[key] = ModelProcess(spec, lambda reason: self._crashed(key, reason))
            return process

    def _crashed(self, key: str, reason: str) -> None:
        logging.getLogger(__name__).warning("%s: %s", key, reason)
        self._crashes.setdefault(key, deque(maxlen=CRASH_LIMIT)).append(self._now())

    def _check_crashes(self, spec: ModelSpec) -> None:
        times = self._crashes.get(spec.key, ())
        if len(times) == CRASH_LIMIT and self._now() - times[0] < CRASH_WINDOW_S:
            wait = CRASH_WINDOW_S - (self._now() - times[0])
            raise ModelError(
                f"{spec.title} stopped {CRASH_LIMIT} times in {CRASH_WINDOW_S / 60:.0f} minutes and rests.",
                hint=f"Try again in {wait:.0f} s, or choose another model.",
            )

    def status(self, key: str) -> Status:
        """Say where a model stands."""
        spec = self.catalog.get(key)
        if spec.problem:
            return Status(State.FAILED, reason=spec.problem)
        process = self._processes.get(key)
        return process.status if process else Status(State.DOWN)

    def wait(self, key: str, timeout_s: float = LOAD_TIMEOUT_S) -> ModelProcess:
        """Return a model's process once it is up.

        Raises:
            ModelNotReady: it is still loading after ``timeout_s``.
            ModelError: it cannot be loaded.
        """
        process = self.start(key)
        if not process.settled.wait(timeout_s):
            raise ModelNotReady(f"{process.spec.title} is still loading.", hint="Try again in a moment.", field="model")
        status = process.status
        if status.state is State.FAILED:
            raise ModelError(f"{process.spec.title} cannot run here: {status.reason}", field="model")
        if status.state is State.DOWN:
            raise ModelCrashed(status.reason, hint="It starts again with the next run.", field="model")
        return process

    def open(self, op: str, key: str, prompt: Prompt, params: SamplingParams) -> Stream:
        """Send ``look``, ``logits`` or ``write`` to a model that is up or loading."""
        process = self.wait(key)
        request = {"op": op, "prompt": worker.pack_prompt(prompt), "params": params.to_dict()}
        return Stream(process, *process.open(request))

    def ask(self, op: str, key: str, prompt: Prompt, params: SamplingParams) -> Message:
        """Send a request that has one answer, and return it."""
        stream = self.open(op, key, prompt, params)
        try:
            return next(iter(stream))
        finally:
            stream.close()

    def close(self) -> None:
        """End every process."""
        for process in self._processes.values():
            process.close()
