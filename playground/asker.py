"""The models as somebody asks them who may leave before the answer is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from playground.stream import LEFT_S, check_there

if TYPE_CHECKING:
    import threading

    from playground.pool import Pool
    from playground.process import Answer
    from playground.records import Extras, Prompt, SamplingParams
    from playground.stream import Stream


class Models(Protocol):
    """What can be asked of all models: a ``Pool``, or an ``Asker``."""

    def open(self, op: str, key: str, prompt: Prompt, params: SamplingParams, extras: Extras | None = None) -> Stream:
        """Send a request, and return its answers."""

    def ask(self, op: str, key: str, prompt: Prompt, params: SamplingParams, extras: Extras | None = None) -> Answer:
        """Send a request that has one answer, and return it."""


@dataclass(frozen=True)
class Asker:
    """Asks a pool; whatever it waits for, a model that loads or others in its line, ends once ``left`` is set.

    All its methods raise a ``PlaygroundError`` then, beside what the pool's own raise.

    Attributes:
        session: whose requests they are; "" where nobody says.
    """

    pool: Pool
    left: threading.Event
    session: str = ""

    def open(self, op: str, key: str, prompt: Prompt, params: SamplingParams, extras: Extras | None = None) -> Stream:
        """Send a request, and return its answers."""
        check_there(self.left)
        while not self.pool.start(key).settled.wait(LEFT_S):
            check_there(self.left)
        return replace(self.pool.open(op, key, prompt, params, extras, session=self.session), left=self.left)

    def ask(self, op: str, key: str, prompt: Prompt, params: SamplingParams, extras: Extras | None = None) -> Answer:
        """Send a request that has one answer, and return it."""
        return self.open(op, key, prompt, params, extras).only()
