"""Which models are up: one process each, started when first needed, started again after a crash.

- ``Pool.ask`` and ``Pool.open`` carry a request to a model's process and bring its answers back.
- After three crashes in five minutes a model rests for as long; after a load that failed, for ten seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from playground.errors import ModelCrashed, ModelError, ModelNotReady
from playground.process import Answer, ModelProcess, State, Status, Stream
from playground.records import Extras, shallow

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.catalog import Catalog, ModelSpec
    from playground.records import Prompt, SamplingParams

LOAD_TIMEOUT_S = 120.0
CRASH_LIMIT, CRASH_WINDOW_S = 3, 300.0
FAILED_REST_S = 10.0


class Pool:
    """The models of a catalog and their processes."""

    def __init__(self, catalog: Catalog, now: Callable[[], float] = time.monotonic) -> None:
        """Start nothing yet."""
        self.catalog = catalog
        self._now = now
        self._processes: dict[str, ModelProcess] = {}
        self._crashes: dict[str, deque[float]] = {}
        self._failed: dict[str, float] = {}  # when somebody first heard of it
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
            if process and self._stands(process):
                return process
            self._check_crashes(spec)
            process = self._processes[key] = ModelProcess(spec, lambda reason: self._crashed(key, reason))
            self._failed.pop(key, None)
            return process

    def _stands(self, process: ModelProcess) -> bool:
        """Whether requests go to this process, be it to hear why it could not load."""
        if process.status.state is State.FAILED:
            heard = self._failed.get(process.spec.key)
            return heard is None or self._now() - heard < FAILED_REST_S
        return process.status.state is not State.DOWN

    def _crashed(self, key: str, reason: str) -> None:
        logging.getLogger(__name__).warning("%s: %s", key, reason)
        self._crashes.setdefault(key, deque(maxlen=CRASH_LIMIT)).append(self._now())

    def _check_crashes(self, spec: ModelSpec) -> None:
        times = self._crashes.get(spec.key)
        if times and len(times) == CRASH_LIMIT and self._now() - times[0] < CRASH_WINDOW_S:
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
            self._failed.setdefault(key, self._now())
            raise ModelError(f"{process.spec.title} cannot run here: {status.reason}", field="model")
        if status.state is State.DOWN:
            raise ModelCrashed(status.reason, hint="It starts again with the next run.", field="model")
        return process

    def open(self, op: str, key: str, prompt: Prompt, params: SamplingParams, extras: Extras | None = None) -> Stream:
        """Send one of the worker's requests to a model that is up or loading; a look may ask for extras."""
        process = self.wait(key)
        request = {
            "op": op,
            "prompt": shallow(prompt),
            "params": params.to_dict(),
            "extras": shallow(extras or Extras()),
        }
        return Stream(process, *process.open(request))

    def ask(self, op: str, key: str, prompt: Prompt, params: SamplingParams, extras: Extras | None = None) -> Answer:
        """Send a request that has one answer, and return it."""
        stream = self.open(op, key, prompt, params, extras)
        try:
            return next(iter(stream))
        finally:
            stream.close()

    def close(self) -> None:
        """End every process, all at once."""
        with self._lock:
            processes = list(self._processes.values())
        closers = [threading.Thread(target=process.close) for process in processes]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join()
