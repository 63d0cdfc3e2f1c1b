"""Where a model stands, as the page says it."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import psutil

from playground.sentences import Sentence, unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.frames import Message

READY_FIELDS = ("chat_problem", "context_tokens", "vocab_size", "build", "own_settings", "load_s", "exact_batch")


class State(StrEnum):
    """Where a model stands."""

    DOWN = "down"
    LOADING = "loading"
    UP = "up"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """A model's state; ``reason`` where it failed, the numbers where it is up.

    Attributes:
        waits_for: while it is loading: the title of the model that it waits for, "" where it is its turn.
        exact_batch: so many sequences decoded together get the bits that each gets alone.
        stage, part: while it is loading: what is being done, and the share of it that is done where that is known.
    """

    state: State
    reason: str = ""
    chat_problem: str = ""
    context_tokens: int = 0
    vocab_size: int = 0
    build: str = ""
    own_settings: Mapping[str, Any] = field(default_factory=dict)
    load_s: float = 0.0
    exact_batch: int = 1
    pid: int = 0
    waits_for: str = ""
    stage: str = ""
    part: float | None = None

    @classmethod
    def up(cls, ready: Message, pid: int) -> Status:
        """Return the status that a process reports when it is ready."""
        read = {name: ready[name] for name in READY_FIELDS}
        return cls(State.UP, pid=pid, **read | {"build": unpacked(ready["build"])})

    @property
    def memory_mb(self) -> int:
        """Memory of the model's process in MB, its share of what it shares; 0 where it is not up."""
        return own_mb(self.pid) if self.state is State.UP else 0


def resident_mb(pid: int) -> int:
    """Return the resident memory of a process in MB, all that it shares included; 0 where it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss / 2**20)
    except psutil.Error:
        return 0


def own_mb(pid: int) -> int:
    """Return the memory of a process in MB, of a page that n processes share the nth part; 0 where it is gone.

    What a group of processes takes is the sum of these. Only Linux counts so; elsewhere it is the resident memory.
    """
    try:
        return int(psutil.Process(pid).memory_full_info().pss / 2**20)
    except (psutil.Error, AttributeError):
        return resident_mb(pid)


def mapped_mb(pid: int) -> int:
    """Return how much of a process's resident memory are pages of files, which others that map them share; in MB."""
    try:
        return int(getattr(psutil.Process(pid).memory_info(), "shared", 0) / 2**20)
    except psutil.Error:
        return 0


def exit_text(code: int) -> Sentence:
    """Name how a process ended: ``signal 9, SIGKILL`` or ``exit code 1``."""
    if code >= 0:
        return Sentence("exit code {code}", code=code)
    try:
        return Sentence("signal {number}, {name}", number=-code, name=signal.Signals(-code).name)
    except ValueError:
        return Sentence("signal {number}", number=-code)
