"""The view of comparisons: what its panes ask for, and what it is told while they write."""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from playground.comparisons import parting, with_text
from playground.errors import PlaygroundError, SettingError, shown
from playground.panes import MAX_PANES, MIN_PANES, panes_refused
from playground.sentences import Sentence, in_words
from playground.status import State
from playground.tokens import visible
from playground.ui.boxes import read_boxes, written_history
from playground.ui.controls import read_session, read_settings
from playground.ui.link import flat_chain
from playground.ui.strip import strip_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.comparisons import Comparisons, LiveComparison
    from playground.records import SamplingParams
    from playground.store import LiveRun
    from playground.ui.explore import Explorer

LETTERS = "ABCD"  # what the panes are called
SEEDS = 2**32
NONE_OF_THEM = ("tie", "bad")
MAX_VOTES = 1_000
LUCKS = ("common", "own")
WAIT_S = 0.25
UNHEARD_S = 10.0  # a comparison that nobody follows ends; a page that reloads is back before that


@dataclass(frozen=True)
class Compare:
    """What is asked of comparisons.

    Attributes:
        explorer: the models, the runs, and the words of the page's language.
        language: its key.
    """

    explorer: Explorer
    comparisons: Comparisons
    language: str

    @property
    def texts(self) -> Mapping[str, str]:
        """The words of the page's language."""
        return self.explorer.texts

    def begin(self, asked: Mapping[str, Any]) -> LiveComparison:
        """Return a comparison that can begin; a pane whose own settings are refused has failed with its sentence.

        Raises:
            SettingError: what all panes share is refused.
        """
        flat = asked.get("panes")
        if not isinstance(flat, list) or not all(isinstance(pane, dict) for pane in flat):
            said = Sentence("The panes are {value}; they must be a list of objects.", value=shown(flat))
            raise SettingError(said, field="panes")
        if not MIN_PANES <= len(flat) <= MAX_PANES:
            raise panes_refused(len(flat))
        if asked.get("luck") not in LUCKS:
            raise SettingError(wrong_luck(asked.get("luck")))
        shared = read_settings({}, asked.get("seed"), asked.get("max_new_tokens")).with_some_seed()
        common = asked["luck"] == "common"
        runs = [self._pane(asked, pane, shared, 0 if common else number) for number, pane in enumerate(flat)]
        live = self.comparisons.new(runs, fast=asked.get("fast") is True, common=common)
        live.session = read_session(asked.get("session"))
        return live

    def _pane(self, asked: Mapping[str, Any], pane: Mapping[str, Any], shared: SamplingParams, number: int) -> LiveRun:
        """Return a run that has not begun; with its own luck each pane counts the seed on by one."""
        store, model = self.explorer.store, pane.get("model")
        try:
            seed = ((shared.seed or 0) + number) % SEEDS
            params = read_settings(pane.get("chain"), seed, shared.max_new_tokens)
            history = pane.get("history", [])
            system, text, mode = pane.get("system"), asked.get("prompt"), asked.get("mode")
            prompt = read_boxes(self.explorer.pool.catalog, model, mode, system, text, history)
        except PlaygroundError as error:
            live = store.lend(store.begun(shown(model), shared))  # with a seed, as all that is saved
            live.fail(error)
            return live
        return store.lend(store.begun(str(model), params, prompt=prompt))

    def drive(self, live: LiveComparison) -> None:
        """Write until all panes have ended, or nobody follows them any more."""
        writing = threading.Thread(target=live.run, args=(self.explorer.pool,), daemon=True)
        writing.start()
        while writing.is_alive():
            writing.join(WAIT_S)
            if time.monotonic() - live.heard_s > UNHEARD_S:
                live.stop()
        for pane in live.panes:
            pane.closed()

    def voted(self, vote: Mapping[str, Any]) -> str:
        """Say a vote in words."""
        choice = self.texts.get(f"compare_vote_{vote['choice']}", vote["choice"])
        return self.texts["compare_voted"].format(choice=choice)

    def message(self, live: LiveComparison, told: Sequence[int] = ()) -> dict[str, Any]:
        """Return all that the page shows of a comparison, of each pane the tokens from the number ``told`` on."""
        running, parted = not live.over, parting(live.panes)
        panes = [
            {
                "strip": strip_message(run, told[place] if told else 0, self.texts),
                "status": self._status(run),
                "notes": [in_words(note, self.texts) for note in run.notes],
                "error": in_words(run.error, self.texts),
                "model": run.model,
                "history": len(run.asked.messages),
                "parts": parted and parted[place],
            }
            for place, run in enumerate(live.panes)
        ]
        return {
            "comparison": live.comparison_id,
            "running": running,
            "panes": panes,
            "parted": self.parted(live, parted),
            "common": live.common,
            "votes": [self.voted(vote) for vote in live.votes],
            "reference": live.reference,
            "asked": [] if running else [asked_again(run) for run in live.panes],
        }

    def _status(self, run: LiveRun) -> str:
        """Say what a pane waits for; nothing where it writes or has ended."""
        texts = self.texts
        if run.over or run.steps:
            return ""
        if run.position:
            wait = texts["queue_wait"].format(seconds=math.ceil(run.wait_s)) if run.wait_s else ""
            return texts["queue"].format(position=run.position, wait=wait)
        if self.explorer.pool.status(run.model).state is State.LOADING:
            return texts["loading"].format(title=self.explorer.pool.spec(run.model).title)
        return texts["reading"]

    def parted(self, live: LiveComparison, places: Sequence[int | None] | None) -> str:
        """Say where the texts part."""
        written = with_text(live.panes)
        if len(written) < MIN_PANES or not all(live.panes[number].steps for number in written):
            return ""
        if places is None:
            return self.texts["compare_same" if live.over else "compare_same_yet"]
        found = [
            self.texts["compare_part"].format(
                pane=LETTERS[number],
                number=place + 1,
                token=visible(live.panes[number].steps[place].piece) or self.texts["compare_end"],
            )
            if place is not None
            else self.texts["compare_part_ended"].format(pane=LETTERS[number])
            for number, place in enumerate(places)
            if number in written
        ]
        return self.texts["compare_parted"].format(places=" · ".join(found))


def wrong_luck(luck: object) -> Sentence:
    """Say which kinds of luck there are."""
    return Sentence("Luck is {value}; it must be one of {names}.", value=shown(luck), names=LUCKS)


def asked_again(run: LiveRun) -> dict[str, Any]:
    """Return what a pane would send to write the same text after another prompt."""
    system, messages = run.asked.chat
    history = written_history(messages[:-1])
    return {"model": run.model, "system": system, "chain": flat_chain(run.params), "history": history}


def choices(count: int) -> tuple[str, ...]:
    """Return what can be voted for among so many panes."""
    return (*LETTERS[:count], *NONE_OF_THEM)


def keep_vote(live: LiveComparison, choice: object, *, blind: bool) -> None:
    """Keep what somebody thinks of the texts: a pane's letter, or that none is better, or all are bad.

    Raises:
        SettingError: it is neither, or too many have voted.
    """
    allowed = choices(len(live.panes))
    if choice not in allowed:
        said = Sentence("The vote is {value}; it must be one of {names}.", value=shown(choice), names=allowed)
        raise SettingError(said)
    if len(live.votes) >= MAX_VOTES:
        many = Sentence("A comparison keeps at most {most:,} votes.", most=MAX_VOTES)
        raise SettingError(many, hint="Save them and write it again.")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    live.votes.append({"time": now, "choice": choice, "blind": blind})


def vote_lines(live: LiveComparison) -> str:
    """Return all votes as JSON lines, each with what was voted on."""
    panes = [
        {
            "pane": letter,
            "model": run.model,
            "prompt": b"".join(run.prompt_pieces).decode(errors="replace"),
            "settings": run.params.to_dict(),
            "text": run.record().text,
        }
        for letter, run in zip(LETTERS, live.panes, strict=False)
    ]
    return "".join(json.dumps(vote | {"panes": panes}, ensure_ascii=False) + "\n" for vote in live.votes)
