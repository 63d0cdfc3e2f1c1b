"""Which models are up: one process each, started when first needed, started again after a crash.

- ``Pool.ask`` and ``Pool.open`` carry a request to a model's process and bring its answers back.
- Models load one at a time and within a budget of memory; those that nobody uses make room, the least recent first.
- After three crashes in five minutes a model rests for as long; after a load that failed, for ten seconds.
- A process that makes no progress is ended, and whoever waits for it hears why.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from playground.catalog import adjusted, read_catalog
from playground.errors import ModelCrashed, ModelError
from playground.fleet import Fleet
from playground.memory import budget_mb, stamp
from playground.process import AGAIN, Answer
from playground.records import Extras, shallow
from playground.refusals import cannot_run, does_not_end, in_use, rests, still_loads
from playground.rests import resting
from playground.sentences import Sentence
from playground.status import State, Status
from playground.stream import Stream
from playground.watchdog import LOAD_TIMEOUT_S, Watchdog

__all__ = ["LOAD_TIMEOUT_S", "Pool"]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from playground.beam_settings import BeamParams
    from playground.catalog import Catalog, ModelSpec
    from playground.memory import Files
    from playground.panes import Panes
    from playground.process import ModelProcess
    from playground.records import Prompt, SamplingParams

WATCH_S = 1.0


class Pool:
    """The models of a catalog and their processes.

    Attributes:
        catalog: the models; ``reload`` reads them again.
    """

    def __init__(
        self, catalog: Catalog, now: Callable[[], float] = time.monotonic, *, memory_mb: int | None = None
    ) -> None:
        """Start nothing yet; without ``memory_mb`` a share of the machine's memory is the budget."""
        self.catalog = catalog
        self._now = now
        self._fleet = Fleet(budget_mb() if memory_mb is None else memory_mb, now)
        self._watchdogs: dict[ModelProcess, Watchdog] = {}
        self._adjusted: dict[str, tuple[ModelSpec, ModelSpec]] = {}  # an entry, and what it is loaded as instead
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._closed = threading.Event()

    @property
    def memory_mb(self) -> int:
        """What all models may take together."""
        return self._fleet.memory_mb

    def spec(self, key: str) -> ModelSpec:
        """Return the entry of a model, with the numbers that ``load`` was given.

        Raises:
            CatalogError: there is no such model.
        """
        entry = self.catalog.get(key)
        base, found = self._adjusted.get(key, (entry, entry))
        return found if base == entry else entry

    def load(self, key: str, values: Mapping[str, Any]) -> None:
        """Load a model, with other numbers than models.yaml's where some are given; they hold until the next load.

        Raises:
            CatalogError: there is no such model, or a number is outside its range.
            ModelError: it cannot run here, or is up with other numbers and in use.
        """
        entry = self.catalog.get(key)
        wanted = adjusted(entry, values)
        files = stamp(wanted)
        with self._fleet.lock:
            process = self._fleet.running.get(key)
            state = process.status.state if process else State.DOWN
            same = process is not None and process.spec == wanted
            if not same:
                self._fleet.check_room(wanted, files, process)
        if state is State.UP and not same:
            self.unload(key)
        elif state is State.LOADING and not same:
            self.cancel(key)
        self._adjusted[key] = (entry, wanted)
        with self._fleet.lock:
            if state is State.FAILED and process:  # who asks for a load wants more than to hear why the last one failed
                self._fleet.retire(process)
        self.start(key)

    def start(self, key: str) -> ModelProcess:
        """Return a model's process, starting it where none is up; loading goes on in the background.

        Raises:
            CatalogError: there is no such model.
            ModelError: it cannot run here, or it crashed too often.
        """
        files = self._files(key)
        with self._fleet.lock:
            return self._start(key, files)

    def _files(self, key: str) -> Files:
        """Look at a model's files, if it may have to be loaded; without the lock, since a disk may not answer."""
        process = self._fleet.running.get(key)
        up = process and process.status.state in {State.LOADING, State.UP}
        return process.files if process and up else stamp(self.spec(key))

    def _start(self, key: str, files: Files) -> ModelProcess:
        spec = self.spec(key)
        if spec.problem:
            raise cannot_run(spec.title, spec.problem)
        process = self._fleet.running.get(key)
        if process and self._stands(process):
            return process
        if wait := self._fleet.rests.after_crashes_s(key):
            raise rests(spec.title, wait)
        if not self._watcher.ident:
            self._watcher.start()
        return self._fleet.add(spec, files)

    def _stands(self, process: ModelProcess) -> bool:
        """Whether requests go to this process, be it to hear why it could not load."""
        if process.status.state is State.FAILED:
            return self._fleet.rests.after_failure(process.spec.key)
        return process.status.state is not State.DOWN

    def status(self, key: str) -> Status:
        """Say where a model stands."""
        with self._fleet.lock:
            spec = self.catalog.get(key)
            process = self._fleet.running.get(key)
            status = process.status if process else Status(State.DOWN)
            if spec.problem:
                return Status(State.FAILED, reason=spec.problem)
            if status.state is State.DOWN and self._fleet.rests.after_crashes_s(key):
                return Status(State.FAILED, reason=resting(spec.title))
            if status.state is State.LOADING and process and not process.launched:
                return replace(status, waits_for=self._fleet.awaited(process))
            return status

    def wait(self, key: str, timeout_s: float = LOAD_TIMEOUT_S) -> ModelProcess:
        """Return a model's process once it is up.

        Raises:
            ModelNotReady: it is still loading after ``timeout_s``, or its load was canceled.
            ModelError: it cannot be loaded.
        """
        return self._settled(self.start(key), timeout_s)

    def _settled(self, process: ModelProcess, timeout_s: float) -> ModelProcess:
        title = process.spec.title
        if not process.settled.wait(timeout_s):
            raise still_loads(title)
        if process.refusal:
            raise process.refusal
        status = process.status
        if status.state is State.FAILED:
            self._fleet.rests.heard(process.spec.key)
            raise cannot_run(title, status.reason)
        if status.state is State.DOWN:
            raise ModelCrashed(status.reason, hint=AGAIN, field="model")
        return process

    def open(
        self,
        op: str,
        key: str,
        prompt: Prompt,
        params: SamplingParams | BeamParams | Panes,
        extras: Extras | None = None,
        *,
        session: str = "",
    ) -> Stream:
        """Send one of the worker's requests to a model that is up or loading; a look may ask for extras.

        Runs of one ``session`` do not hold up those of others for longer than a turn.
        """
        request = {
            "op": op,
            "prompt": shallow(prompt),
            "params": params.to_dict(),
            "extras": shallow(extras or Extras()),
            "session": session,
        }
        files = self._files(key)
        with ExitStack() as stack:
            with self._fleet.lock:
                process = self._start(key, files)
                process.used_s = self._now()
                stack.enter_context(process.held())
            self._settled(process, LOAD_TIMEOUT_S)
            return Stream(process, *process.open(request))

    def ask(self, op: str, key: str, prompt: Prompt, params: SamplingParams, extras: Extras | None = None) -> Answer:
        """Send a request that has one answer, and return it."""
        return self.open(op, key, prompt, params, extras).only()

    def cancel(self, key: str) -> None:
        """Give up loading a model and end its process; the next in the line loads.

        Raises:
            ModelError: it is not loading.
        """
        with self._fleet.lock:
            process = self._fleet.running.get(key)
            if process is None or process.status.state is not State.LOADING:
                raise ModelError(Sentence("{title} is not loading.", title=self.catalog.get(key).title), field="model")
            self._fleet.give_up(process, Sentence("was canceled."))
        self._fleet.end(process)

    def unload(self, key: str) -> None:
        """End the process of a model that nobody uses; when this returns, its memory is back.

        Raises:
            ModelError: it is not up, somebody uses it, or its process cannot be ended.
        """
        with self._fleet.lock:
            title, process = self.catalog.get(key).title, self._fleet.running.get(key)
            if process is None or process.status.state is not State.UP:
                raise ModelError(Sentence("{title} is not up.", title=title), field="model")
            if open_ := process.requests:
                raise in_use(title, open_)
            process.ending = True
            self._fleet.retire(process)
        if not self._fleet.end(process):
            raise does_not_end(title, process.pid)

    def reload(self) -> None:
        """Read models.yaml again; processes of models that changed end, those in use when nobody uses them any more.

        Raises:
            CatalogError: it cannot be read; everything stays as it was.
        """
        fresh = read_catalog(self.catalog.path)
        with self._fleet.lock:
            self.catalog = fresh
            specs = {spec.key: spec for spec in fresh.models}
            for key, process in list(self._fleet.running.items()):
                if key in specs and same_load(self.spec(key), process.spec):
                    process.spec = self.spec(key)
                    continue
                self._fleet.retire(process)
                if process.status.state is State.LOADING:
                    self._fleet.give_up(process, Sentence("was ended, since its entry in models.yaml has changed."))
                    self._fleet.end_soon(process)
            self._fleet.end_idle()

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_S):
            try:
                self.watch()
            except Exception:
                logging.getLogger(__name__).exception("The watchdog stumbled.")

    def watch(self) -> None:
        """End what makes no progress, and what nobody needs any more; called once a second."""
        now = self._now()
        with self._fleet.lock:
            self._fleet.end_idle()
            everyone = self._fleet.all()
            self._watchdogs = {process: self._watchdogs.get(process) or Watchdog(process) for process in everyone}
            for process, watchdog in self._watchdogs.items():
                if process.requests:
                    process.used_s = now
                if process.ending or not (reason := watchdog.bark(now)):
                    continue
                if process.status.state is State.LOADING:
                    self._fleet.give_up(process, reason)
                self._fleet.end_soon(process, Sentence("The model's process {why}", why=reason))

    def close(self) -> None:
        """End every process, all at once."""
        self._closed.set()
        self._fleet.close()


def same_load(fresh: ModelSpec, old: ModelSpec) -> bool:
    """Tell whether two entries load the same, whatever the page says of them."""
    shown = {name: getattr(fresh, name) for name in ("title", "chat", "licence", "presets", "notes")}
    return replace(old, **shown) == fresh
