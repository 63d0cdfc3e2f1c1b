"""What the view of comparisons is set to, as a link holds it: ``#compare/STATE``, read and checked as ``link`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError, SettingError, shown
from playground.panes import MAX_PANES, MIN_PANES
from playground.sentences import Sentence, in_words
from playground.ui.compare import LETTERS, LUCKS, wrong_luck
from playground.ui.controls import read_object
from playground.ui.link import MAX_STATE_BYTES, VERSION, checked, no_settings, read_link, readable, to_link

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.ui.explore import Explorer

SHARED = ("mode", "prompt", "seed", "max_new_tokens")
ALL = ("v", "luck", "fast", "panes")
OWN = ("model", "system", "chain")
KEYS = Sentence("Its keys are link or state.")


def opened(explorer: Explorer, body: bytes) -> dict[str, Any]:
    """Answer what a link, or a page, says of a comparison: ``state``, ``problems`` and ``link``, "" where too long.

    Raises:
        SettingError: there is nothing to read.
    """
    flat = read_object(body, KEYS, most=MAX_STATE_BYTES)
    given = read_link(flat["link"]) if "link" in flat else readable(flat.get("state"))
    panes = given.get("panes")
    if not isinstance(panes, list) or not MIN_PANES <= len(panes) <= MAX_PANES:
        said = Sentence("The link holds no comparison of {least} to {most} panes.", least=MIN_PANES, most=MAX_PANES)
        raise SettingError(said)
    states, problems = zip(*(_pane(explorer, given, pane) for pane in panes), strict=True)
    luck = given.get("luck")
    texts = explorer.texts
    wrong = [f"{LETTERS[place]}: {in_words(it.said, texts)}" for place, found in enumerate(problems) for it in found]
    if strange := [name for name in given if name not in (*SHARED, *ALL)]:
        wrong.append(in_words(no_settings(strange).said, texts))
    if luck not in LUCKS:
        wrong.append(in_words(wrong_luck(luck), texts))
    state = {
        "v": VERSION,
        **{name: states[0][name] for name in SHARED},
        "luck": luck if luck in LUCKS else LUCKS[0],
        "fast": given.get("fast") is True,
        "panes": [{name: own[name] for name in OWN} for own in states],
    }
    return {"state": state, "problems": " ".join(dict.fromkeys(wrong)), "link": to_link(state)}


def _pane(explorer: Explorer, given: Mapping[str, Any], pane: object) -> tuple[dict[str, Any], list[PlaygroundError]]:
    """Return the state that Explore would have with a pane's settings, and what of it does not hold."""
    own = pane if isinstance(pane, dict) else {}
    asked = {name: given[name] for name in SHARED if name in given} | {name: own[name] for name in OWN if name in own}
    state, problems = checked(explorer.pool.catalog, asked, explorer.texts)
    if not isinstance(pane, dict):
        problems.append(SettingError(Sentence("The pane is {value}; it must be an object.", value=shown(pane))))
    if strange := [name for name in own if name not in OWN]:
        problems.append(no_settings(strange))
    return state, problems
