"""A comparison that comes from a file: nothing of it is taken on trust."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from playground.errors import SavedRunError, shown
from playground.panes import MAX_PANES, MIN_PANES
from playground.records import Prompt
from playground.saved import CHANGED, HINT, from_dict, misfitting
from playground.sentences import Sentence
from playground.shapes import MisfitError, flag, keyed, listed, one_of, row, text
from playground.store import MAX_TOKENS, Origin
from playground.ui.boxes import MAX_TURNS, ROLES
from playground.ui.compare import LUCKS, MAX_VOTES, choices
from playground.ui.compare_files import VERSION
from playground.ui.controls import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.comparisons import Comparisons, LiveComparison
    from playground.store import LiveRun, Store

MAX_TIME_CHARS = 40
TURN = row(one_of(("system", *ROLES)), text(MAX_BODY_BYTES))
KEYS = ("luck", "fast", "reference", "messages", "votes")


def opened_comparison(store: Store, comparisons: Comparisons, flat: Mapping[str, Any], name: str) -> LiveComparison:
    """Keep a comparison that ``compare_files`` wrote, but for numbers that are computed again when they are asked for.

    Raises:
        SavedRunError: it wrote nothing of the kind, or it takes more room than there is; nothing is kept then.
    """
    panes = flat.get("panes")
    if flat.get("version") != VERSION or not isinstance(panes, list) or not MIN_PANES <= len(panes) <= MAX_PANES:
        raise SavedRunError("The file is no comparison that this page reads.", hint=HINT)
    runs = [store.read(from_dict(pane), shown(name)) for pane in panes]
    read = _read({"messages": [[]] * len(panes), **flat}, len(panes))
    for run, messages in zip(runs, read["messages"], strict=True):
        _ask_again(run, messages)
    if (weight := sum(run.weight for run in runs)) > MAX_TOKENS:
        raise SavedRunError(
            Sentence(
                "The texts in this file take the room of {weight:,} tokens; at most {most:,} are kept.",
                weight=weight,
                most=MAX_TOKENS,
            ),
            hint="Choose a shorter comparison.",
        )
    live = comparisons.new([store.lend(run) for run in runs], fast=read["fast"], common=read["luck"] == LUCKS[0])
    live.reference, live.votes = read["reference"], read["votes"]
    return live


def _read(flat: Mapping[str, Any], count: int) -> dict[str, Any]:
    vote = keyed({"time": _moment, "choice": one_of(choices(count)), "blind": flag})
    read = keyed({
        "luck": one_of(LUCKS),
        "fast": flag,
        "reference": text(MAX_BODY_BYTES),
        "messages": listed(listed(TURN, MAX_TURNS + 2), count, least=count),
        "votes": listed(vote, MAX_VOTES),
    })  # fmt: skip
    try:
        return dict(read({name: flat.get(name) for name in KEYS}))
    except MisfitError as error:
        raise misfitting(error.sentence) from error


def _moment(value: object) -> str:
    try:
        return datetime.fromisoformat(text(MAX_TIME_CHARS)(value)).isoformat()
    except ValueError as error:
        raise MisfitError(Sentence("must be a time.")) from error


def _ask_again(run: LiveRun, messages: list[list[str]]) -> None:
    """Give a pane the chat that it was written in, so that it can go on; a completion has none.

    Raises:
        SavedRunError: it is larger than a page can send.
    """
    if sum(len(content) for _, content in messages) > MAX_BODY_BYTES:
        long = Sentence("A chat in this file has more than {most:,} characters.", most=MAX_BODY_BYTES)
        raise SavedRunError(long, hint=CHANGED)
    if messages:
        run.origin = Origin(Prompt(messages=tuple((role, content) for role, content in messages)))
