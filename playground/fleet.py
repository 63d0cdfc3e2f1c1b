"""The processes of all models: those that requests go to, those that load in a line, and those that leave.

- One load at a time; it begins once the model fits into the budget of memory.
- What nobody uses makes room, the least recently used first; what somebody uses is never ended.
- Whoever calls holds ``lock``, unless a method says otherwise. Nothing waits with it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playground.errors import ModelError, ModelNotReady
from playground.memory import estimate_mb, make_room, same_weights
from playground.process import ModelProcess
from playground.rests import Rests
from playground.sentences import NOTHING, Sentence
from playground.status import State, mapped_mb, resident_mb

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.catalog import ModelSpec
    from playground.memory import Files


@dataclass
class Fleet:
    """Processes by model.

    Attributes:
        memory_mb: what all of them may take together.
        now: the time in seconds.
        running: the process that requests for a model go to.
        leaving: those that none go to any more; some still answer their last.
        line: those to be loaded; the first of them loads.
        loaded_mb: what a model took when it was last loaded with these numbers, with all that it shares.
    """

    memory_mb: int
    now: Callable[[], float]
    running: dict[str, ModelProcess] = field(default_factory=dict)
    leaving: list[ModelProcess] = field(default_factory=list)
    line: deque[ModelProcess] = field(default_factory=deque)
    loaded_mb: dict[ModelSpec, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Nobody has crashed yet."""
        self.rests = Rests(self.now)

    def add(self, spec: ModelSpec, files: Files) -> ModelProcess:
        """Put a model into the line, and begin its load where it is its turn."""
        process = self.running[spec.key] = ModelProcess(spec, files, self._changed, used_s=self.now())
        self.rests.tries_again(spec.key)
        self.line.append(process)
        self._load_next()
        return process

    def _changed(self, process: ModelProcess, crash: str) -> None:
        """Hear that a process has loaded or ended, with a sentence where it crashed. Takes the lock."""
        key = process.spec.key
        with self.lock:
            if crash:
                logging.getLogger(__name__).warning("%s: %s", key, crash)
                self.rests.crashed(key)
            if process.status.state is State.UP:
                self.loaded_mb[process.spec] = resident_mb(process.pid)
            self._load_next()

    def _load_next(self) -> None:
        """Start the first load of the line where none is under way and there is room for it."""
        while self.line:
            first = self.line[0]
            if first.status.state is not State.LOADING:
                self.line.popleft()
                continue
            try:
                if first.launched or not self._has_room(first):
                    return
                first.launch()
            except ModelError as error:
                first.refuse(error)
            except OSError as error:
                hint = "Close other programs, then run again."
                first.refuse(
                    ModelError(
                        Sentence("{title} cannot be started: {reason}.", title=first.spec.title, reason=error.strerror),
                        hint=hint,
                    )
                )

    def check_room(self, spec: ModelSpec, files: Files, instead: ModelProcess | None) -> None:
        """Refuse what could not be loaded in the place of a process, before that ends.

        Raises:
            ModelError: it would not fit if all that is idle were unloaded.
        """
        others = [process.tenant() for process in self.all() if process is not instead]
        make_room(spec.title, self._need_mb(spec, files), self.memory_mb, others)

    def _need_mb(self, spec: ModelSpec, files: Files) -> int:
        return self.loaded_mb.get(spec) or estimate_mb(spec, files)

    def _has_room(self, first: ModelProcess) -> bool:
        """Tell whether a model fits; where it does not yet, begin to unload what nobody uses."""
        need = self._need_mb(first.spec, first.files)
        weights = (first.spec, first.files)
        ups = (it for it in self.running.values() if it.status.state is State.UP)
        twins = [it for it in ups if same_weights((it.spec, it.files), weights)]
        tenants = {it.tenant(keep=it in twins): it for it in self.all()}
        shared = max((mapped_mb(twin.pid) for twin in twins), default=0)
        try:
            unloaded = make_room(first.spec.title, need - shared, self.memory_mb, list(tenants))
        except ModelError:
            if not twins:
                raise
            tenants = {it.tenant(): it for it in self.all()}
            unloaded = make_room(first.spec.title, need, self.memory_mb, list(tenants))
        for tenant in unloaded or ():
            self.end_soon(tenants[tenant])
        return unloaded is None

    def all(self) -> list[ModelProcess]:
        """Return every process."""
        return [*self.running.values(), *self.leaving]

    def awaited(self, process: ModelProcess) -> str:
        """Name the model that one in the line waits for: the one that loads, or one that makes room; "" at its turn."""
        titles = [it.spec.title for it in (self.line[0], *self.leaving) if it is not process]
        return titles[0] if titles and not process.launched else ""

    def retire(self, process: ModelProcess) -> None:
        """Send no more requests to a process."""
        if self.running.get(process.spec.key) is process:
            del self.running[process.spec.key]
        if process not in self.leaving:
            self.leaving.append(process)

    def give_up(self, process: ModelProcess, why: Sentence) -> None:
        """Tell everybody who waits for a load that it is given up."""
        what = Sentence("The load of {title} {why}", title=process.spec.title, why=why)
        process.refuse(ModelNotReady(what, hint="It loads again with the next run.", field="model"))
        self.retire(process)

    def end_soon(self, process: ModelProcess, reason: Sentence = NOTHING) -> None:
        """End a process in the background; with a reason it counts as a crash."""
        self.retire(process)
        process.ending = True
        threading.Thread(target=self.end, args=(process, reason)).start()

    def end(self, process: ModelProcess, reason: Sentence = NOTHING) -> bool:
        """End a process that was retired; False where it cannot be ended. Takes the lock."""
        gone = process.close(reason)
        with self.lock:
            if process in self.leaving:
                self.leaving.remove(process)
            self._load_next()
        return gone

    def end_idle(self) -> None:
        """End those that were retired in use, once they have answered their last request."""
        for process in self.leaving.copy():
            if not process.requests and not process.ending:
                self.end_soon(process)

    def close(self) -> None:
        """End every process, all at once. Takes the lock."""
        with self.lock:
            for process in self.line:
                if not process.launched:
                    process.refuse(ModelNotReady("The playground is being closed.", field="model"))
            self.line.clear()
            processes = self.all()
        closers = [threading.Thread(target=process.close) for process in processes]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join()
