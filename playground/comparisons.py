"""Comparisons as they grow: several texts after one prompt, those of one model in one request."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError, SettingError
from playground.measures import divergence
from playground.panes import MAX_PANES, MIN_PANES, Pane, Panes, panes_refused, settings_that_differ
from playground.records import Prompt, SamplingParams
from playground.sentences import Sentence
from playground.shelf import Gone, Shelf
from playground.store import MAX_TOKENS, LiveRun, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from playground.pool import Pool
    from playground.process import Answer
    from playground.stream import Stream


GONE = Gone(
    Sentence("This comparison is no longer kept."), Sentence("Write it again: the same seeds give the same texts.")
)


@dataclass
class LiveComparison:
    """Panes, each a run.

    Attributes:
        fast: they may be decoded together at the price of their last bits.
        common: they share their luck.
        heard_s: when somebody who follows it was last told something.
        votes: what people said of the texts, the oldest first.
        reference: a text that the others are compared with; "" where there is none.
        found: what was computed about the texts, by name.
        kept: room that this takes, in tokens.
        session: whose it is; "" where nobody says.
    """

    panes: list[LiveRun]
    fast: bool = False
    common: bool = True
    comparison_id: str = ""
    touched: float = 0.0
    heard_s: float = field(default_factory=time.monotonic)
    votes: list[dict[str, Any]] = field(default_factory=list)
    reference: str = ""
    found: dict[str, Any] = field(default_factory=dict)
    kept: int = 0
    session: str = ""
    _opened: dict[int, tuple[Stream, int]] = field(default_factory=dict)  # by pane: its request, and its place there
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, prompt: str, panes: Sequence[Mapping[str, Any]], *, fast: bool = False) -> LiveComparison:
        """Make one from plain values; a pane with a wrong setting has failed before it begins, with no settings.

        Raises:
            SettingError: there are fewer than two panes, or more than four.
        """
        if not MIN_PANES <= len(panes) <= MAX_PANES:
            raise panes_refused(len(panes))
        seed = SamplingParams().with_some_seed().seed
        return cls([_pane(prompt, flat, seed) for flat in panes], fast)

    @property
    def over(self) -> bool:
        """Every pane has ended."""
        return all(pane.over for pane in self.panes)

    @property
    def weight(self) -> int:
        """Room that the texts take, in tokens."""
        return self.kept + sum(pane.weight for pane in self.panes)

    @property
    def settings_that_differ(self) -> list[dict[str, Any]]:
        """For each pane, those of its settings that not all panes have."""
        return settings_that_differ([Pane(pane.asked, pane.params) for pane in self.panes])

    def run(self, pool: Pool) -> None:
        """Write all texts, each model's in its own process; returns when the last has ended."""
        models: dict[str, list[int]] = defaultdict(list)
        for number, live in enumerate(self.panes):
            if live.stop_reason is None:
                models[live.model].append(number)
        threads = [threading.Thread(target=self._follow, args=(pool, *item), daemon=True) for item in models.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def stop(self, number: int | None = None) -> None:
        """Ask one pane to end, or all."""
        for pane in range(len(self.panes)) if number is None else [number]:
            with self._lock:
                self.panes[pane].stop_asked = True
                opened = self._opened.get(pane)
            if opened:
                opened[0].stop(None if number is None else opened[1])  # the whole of it leaves its model's line, too

    def keep(self, name: str, found: object, room: int = 0) -> None:
        """Keep what was computed about the texts, which takes so much room; who was first counts."""
        with self._lock:
            if name not in self.found:
                self.found[name] = found
                self.kept += room

    def _follow(self, pool: Pool, model: str, numbers: list[int]) -> None:
        lives = [self.panes[number] for number in numbers]
        try:
            asked = Panes(tuple(Pane(live.prompt, live.params) for live in lives), self.fast)
            answers = pool.open("compare", model, Prompt(), asked, session=self.session)
            try:
                self._open(answers, numbers)
                for message in answers:
                    _take(lives, message)
            finally:
                answers.close()
        except Exception as error:
            if not isinstance(error, PlaygroundError):
                logging.getLogger(__name__).exception("A comparison broke off.")
                error = PlaygroundError(
                    Sentence("Something in the playground broke: {kind}.", kind=type(error).__name__)
                )
            for live in lives:
                if live.stop_reason is None:
                    live.fail(error)

    def _open(self, answers: Stream, numbers: list[int]) -> None:
        """Remember where the panes are stopped, and pass on what was asked for before."""
        with self._lock:
            self._opened |= {number: (answers, place) for place, number in enumerate(numbers)}
            asked = [place for place, number in enumerate(numbers) if self.panes[number].stop_asked]
        for place in asked:
            answers.stop(place)


class Comparisons(Shelf[LiveComparison]):
    """Comparisons by id, the oldest forgotten first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        super().__init__(MAX_TOKENS, GONE, now)

    def new(self, panes: list[LiveRun], *, fast: bool, common: bool) -> LiveComparison:
        """Begin a comparison of runs under a new id."""
        live = LiveComparison(panes, fast, common, secrets.token_urlsafe(16), self.now())
        self.put(live.comparison_id, live)
        return live


def with_text(panes: Sequence[LiveRun]) -> list[int]:
    """Return the numbers of the panes that have a text or will have one: not of one that ended without a token."""
    return [number for number, pane in enumerate(panes) if pane.steps or not pane.over]


def parting(panes: Sequence[LiveRun]) -> tuple[int | None, ...] | None:
    """Return the place of the token at which the texts part, None for one that had ended; None where they are equal.

    Texts of one model part where their token ids do, those of several where their bytes do, to which no end token
    belongs. Of texts that still grow only what all of them have counts.
    """
    written = [panes[number] for number in with_text(panes)]
    one_model = len({pane.model for pane in written}) == 1
    texts: list[Sequence[object]] = [_ids(pane) if one_model else _bytes(pane) for pane in written]
    if not all(pane.over for pane in written):
        shared = min(map(len, texts))
        texts = [text[:shared] for text in texts]
    parted = [place for text in texts[1:] if (place := divergence(texts[0], text)) is not None]
    if not parted:
        return None
    return tuple(_token_at(pane, min(parted), ids=one_model) for pane in panes)


def _ids(pane: LiveRun) -> list[int]:
    return [step.token_id for step in pane.steps]


def _bytes(pane: LiveRun) -> bytes:
    return b"".join(step.piece for step in pane.text_steps)


def _token_at(pane: LiveRun, place: int, *, ids: bool) -> int | None:
    """Return the number of the token that holds this place of a text; a place is a token, or a byte."""
    if ids:
        return place if place < len(pane.steps) else None
    end = 0
    for number, step in enumerate(pane.steps):
        end += len(step.piece)
        if end > place:
            return number
    return None


def _take(lives: Sequence[LiveRun], message: Answer) -> None:
    """Give an answer to the pane that it is for; a place in the line, or a stop there, is for all."""
    match message["event"]:
        case "pane":
            lives[message["pane"]].take(message["answer"])
        case "done":
            pass
        case _:
            for live in lives:
                live.take(message)


def _pane(prompt: str, flat: Mapping[str, Any], seed: int | None) -> LiveRun:
    """Return a run that has not begun; the settings of one that cannot are neutral."""
    settings = dict(flat)
    model, system = settings.pop("model", None), settings.pop("system", None)
    asked = Prompt(text=prompt) if system is None else Prompt(messages=(("system", str(system)), ("user", prompt)))
    try:
        if not isinstance(model, str):
            raise SettingError("A pane has no model.", hint="Give the key of one of models.yaml.", field="model")
        params = SamplingParams.from_dict(settings)
        params = params if params.seed is not None else replace(params, seed=seed)
    except PlaygroundError as error:
        live = Store().new(str(model or ""), SamplingParams())
        live.fail(error)
        return live
    live = Store().new(model, params)
    live.prompt = asked
    return live
