"""Comparisons as they grow: several texts after one prompt, those of one model in one request."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError, SettingError
from playground.panes import MAX_PANES, MIN_PANES, Pane, Panes
from playground.records import Prompt, SamplingParams
from playground.store import LiveRun, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.pool import Pool
    from playground.process import Answer, Stream


@dataclass
class LiveComparison:
    """Panes, each a run; ``fast`` says whether they may be decoded together at the price of their last bits."""

    panes: list[LiveRun]
    fast: bool = False
    _opened: dict[int, tuple[Stream, int]] = field(default_factory=dict)  # by pane: its request, and its place there
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, prompt: str, panes: Sequence[Mapping[str, Any]], *, fast: bool = False) -> LiveComparison:
        """Make one from plain values; a pane with a wrong setting has failed before it begins, with no settings.

        Raises:
            SettingError: there are fewer than two panes, or more than four.
        """
        if not MIN_PANES <= len(panes) <= MAX_PANES:
            raise SettingError(
                f"There are {len(panes)} panes to compare; it must be {MIN_PANES} to {MAX_PANES}.", field="panes"
            )
        seed = SamplingParams().with_some_seed().seed
        return cls([_pane(prompt, flat, seed) for flat in panes], fast)

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
                opened[0].stop(opened[1])

    def _follow(self, pool: Pool, model: str, numbers: list[int]) -> None:
        lives = [self.panes[number] for number in numbers]
        try:
            asked = Panes(tuple(Pane(live.prompt, live.params) for live in lives), self.fast)
            answers = pool.open("compare", model, Prompt(), asked)
            try:
                self._open(answers, numbers)
                for message in answers:
                    _take(lives, message)
            finally:
                answers.close()
        except PlaygroundError as error:
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
