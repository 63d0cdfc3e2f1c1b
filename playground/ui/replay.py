"""A run gone through again under other settings, told to the page line by line while it is computed."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playground.failures import raised
from playground.tokens import visible
from playground.ui.controls import settings_line, to_json
from playground.ui.notices import said
from playground.views.base import grouped, percent, sampler_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from playground.process import Answer
    from playground.records import SamplingParams
    from playground.store import LiveRun
    from playground.stream import Stream

POLL_S, UPDATE_S = 0.01, 0.1


async def unchanged() -> AsyncIterator[str]:
    """Yield the one line of settings that are those of the run."""
    yield to_json({"same": True}) + "\n"


@dataclass
class Replay:
    """What the settings made of a run's tokens so far.

    Attributes:
        stream: answers of the model's process, ``events.Replayed`` each.
        found: those that came.
    """

    run: LiveRun
    params: SamplingParams
    texts: Mapping[str, str]
    stream: Stream
    found: list[Answer] = field(default_factory=list)

    async def lines(self) -> AsyncGenerator[str, None]:
        """Yield lines of JSON: tokens that are new, then the sentence. It ends early where nobody reads."""
        try:
            told, said_at, over = 0, time.monotonic(), False
            while not over:
                await asyncio.sleep(POLL_S)
                over = self._take()
                if len(self.found) > told and (over or time.monotonic() - said_at >= UPDATE_S):
                    yield self._line(told, over=over)
                    told, said_at = len(self.found), time.monotonic()
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            yield to_json({"notice": said(error, self.texts)}) + "\n"
        finally:
            threading.Thread(target=self.stream.close, daemon=True).start()  # it may wait for a busy pipe

    def _take(self) -> bool:
        """Take what came; True behind the last of it."""
        for message in map(raised, self.stream.ready()):
            if message["event"] == "replayed":
                self.found.append(message)
            elif message["event"] in {"done", "ended"}:
                return True
        return False

    def _line(self, start: int, *, over: bool) -> str:
        seed = f"{self.texts['stat_seed']} {self.params.seed}"
        line: dict[str, Any] = {
            "from": start,
            "tokens": [self._entry(item) for item in self.found[start:]],
            "settings": f"{settings_line(self.run.model, self.params, self.texts)} · {seed}",
        }
        if over:
            first = self.first
            number = None if first is None else first["position"]
            line |= {"said": self.sentence(), "first": number}
        else:
            wait = self.texts["whatif_wait"].format(number=len(self.found), count=len(self.run.steps))
            line |= {"wait": wait}
        return to_json(line) + "\n"

    def _entry(self, item: Answer) -> list[Any]:
        """Return whether a token stays, and a sentence about it."""
        if item["final_prob"]:
            return [True, self.texts["whatif_stays"].format(share=percent(item["final_prob"]))]
        return [False, self._reason(item)]

    def _reason(self, item: Answer) -> str:
        if not item["removed_by"]:
            return self.texts["whatif_never"]
        return self.texts["whatif_gone"].format(name=sampler_name(item["removed_by"], self.texts))

    @property
    def first(self) -> Answer | None:
        """The first token that luck would draw otherwise; what was chosen by hand stays chosen."""
        for item, step in zip(self.found, self.run.steps, strict=False):
            if item["token_id"] != step.token_id and not step.chosen:
                return item
        return None

    def sentence(self) -> str:
        """Say how many tokens stay possible, and where the text would first differ."""
        return " ".join([self._possible(), self._luck(), *self._read()])

    def _possible(self) -> str:
        count = len(self.found)
        gone = [item for item in self.found if not item["final_prob"]]
        if not gone:
            return self.texts["whatif_all"].format(count=grouped(count, self.texts))
        return self.texts["whatif_some"].format(
            stays=grouped(count - len(gone), self.texts),
            count=grouped(count, self.texts),
            gone=grouped(len(gone), self.texts),
            number=gone[0]["position"] + 1,
            token=visible(self.run.steps[gone[0]["position"]].piece),
            reason=self._reason(gone[0]),
        )

    def _luck(self) -> str:
        other = "" if self.params.seed == self.run.params.seed else "other_"
        if self.first is None:
            return self.texts[f"whatif_{other}same"].format(seed=self.params.seed)
        position = self.first["position"]
        return self.texts[f"whatif_{other}differs"].format(
            seed=self.params.seed,
            number=position + 1,
            token=visible(self.first["piece"]),
            written=visible(self.run.steps[position].piece),
        )

    def _read(self) -> list[str]:
        count = sum(not item["from_cache"] for item in self.found)
        return [self.texts["whatif_read"].format(count=grouped(count, self.texts))] if count else []
