"""Fetching a model from the hub because a person asked for it, seen from the page.

A ``Download`` has progress, can be canceled, and says in a sentence why it failed. What a canceled one has fetched
stays, and the next one goes on from there. The work is done by ``fetch``, in a process of its own.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from playground import child
from playground.errors import ModelError
from playground.fetch import Fetching, HubModel
from playground.sentences import Sentence, unpacked
from playground.sources import hub_parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from playground.catalog import ModelSpec

__all__ = ["Download", "Downloads", "Fetching", "HubModel"]

ENVIRONMENT = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONUNBUFFERED": "1"}


@dataclass
class Download:
    """One download and the process that does it.

    Attributes:
        on_end: called once, from another thread, when it is over.
        done_bytes, total_bytes: of what had to be fetched; the total is 0 until the hub has said.
        reason: why it failed.
    """

    model: HubModel
    on_end: Callable[[], None] = lambda: None
    state: Fetching = Fetching.RUNNING
    done_bytes: int = 0
    total_bytes: int = 0
    reason: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Start it."""
        self._process = child.start("playground.fetch", ENVIRONMENT, text=True)
        pipe = cast("TextIO", self._process.stdin)
        pipe.write(json.dumps(asdict(self.model)) + "\n")
        pipe.flush()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def part(self) -> float | None:
        """The share of it that has arrived; None until the hub has said how much there is."""
        return self.done_bytes / self.total_bytes if self.total_bytes else None

    def _read(self) -> None:
        for line in cast("TextIO", self._process.stdout):
            for name, value in json.loads(line).items():
                setattr(self, name, Fetching(value) if name == "state" else unpacked(value))
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            cast("TextIO", pipe).close()
        if self.state is Fetching.RUNNING:
            self.state, self.reason = Fetching.FAILED, Sentence("The download's process ended before it was done.")
        self.over.set()
        self.on_end()

    def cancel(self) -> None:
        """Stop fetching, unless it is over."""
        if self.state is Fetching.RUNNING:
            self.state = Fetching.CANCELLED
            self._process.kill()

    def close(self) -> None:
        """Stop fetching and wait for the end of the process."""
        self.cancel()
        self.over.wait()


class Downloads:
    """The downloads of a catalog's models, one at a time for each."""

    def __init__(self, on_done: Callable[[], None]) -> None:
        """Call ``on_done`` whenever something has arrived."""
        self._on_done = on_done
        self._downloads: dict[str, Download] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Download | None:
        """Return the last download of a model."""
        return self._downloads.get(key)

    def start(self, spec: ModelSpec) -> None:
        """Fetch what a model lacks; nothing more where that is under way.

        Raises:
            ModelError: it lacks nothing that the hub could have.
        """
        if not spec.absent:
            raise ModelError(Sentence("{title} has nothing to download.", title=spec.title), field="model")
        with self._lock:
            known = self._downloads.get(spec.key)
            if known and known.state is Fetching.RUNNING:
                return
            self._downloads[spec.key] = Download(wanted(spec), partial(self._ended, spec))

    def _ended(self, spec: ModelSpec) -> None:
        if self._downloads[spec.key].state is Fetching.DONE:
            self._on_done()

    def cancel(self, key: str) -> None:
        """Stop a download; one that is over stays as it is."""
        if known := self._downloads.get(key):
            known.cancel()


def wanted(spec: ModelSpec) -> HubModel:
    """Return the first thing that a model lacks."""
    source = spec.absent[0]
    repo, file, revision = hub_parts(source)
    own = source == spec.source
    return HubModel(repo, revision, file, (spec.sha256 or "") if own else "", with_code=own and spec.trust_remote_code)
