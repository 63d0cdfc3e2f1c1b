"""The picture of a beam search: where a node stands, what leads to it, and that neither changes as the tree grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from playground import Playground
from playground.hypotheses import BeamStep, Continuation, Ending, Fate, Hypothesis, SearchEnd
from playground.ui.languages import EN, RU
from playground.views.beam_tree import BELOW, MOST_NODES, tree_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.ui.wording import Language

KEPT, PRUNED, FINISHED = Fate.KEPT, Fate.PRUNED, Fate.FINISHED
LINES, MARKS = slice(0, 4), {PRUNED: 4, KEPT: 5, FINISHED: 6}


def item(parent: int, token: int, total: float, beam: int | None = None, fate: Fate | None = None) -> Continuation:
    """Return a continuation whose piece is a letter; one without a beam is dropped unless it is said."""
    fate = fate or (PRUNED if beam is None else KEPT)
    ending = Ending.EOS if fate is FINISHED else None
    return Continuation(parent, 0, token, bytes([97 + token]), -1.0, -1.0, total, total, ending, fate, beam)


FIRST = BeamStep(0, (item(0, 0, -1.0, 0), item(0, 1, -1.5, 1), item(0, 2, -3.0)))
CROSSING = BeamStep(1, (item(1, 3, -2.0, 0), item(0, 4, -2.5, 1), item(0, 5, -2.2, None, FINISHED), item(1, 6, -4.0)))
GOING_ON = BeamStep(1, (item(0, 3, -2.0, 0), item(1, 4, -2.5, 1), item(0, 5, -3.5)))


def marks(spec: dict[str, Any], fate: Fate) -> list[tuple[float, float, str, list[int]]]:
    """Return place, token and address of each node of a kind."""
    trace = spec["data"][MARKS[fate]]
    names = [text.split("<br>")[0] for text in trace["text"]]
    return list(zip(trace["x"], trace["y"], names, trace["customdata"], strict=True))


def tree(*steps: BeamStep, fold: bool = True, paths: Sequence[Sequence[int]] = ()) -> dict[str, Any]:
    """Return the figure in English."""
    return tree_spec(steps, EN.texts, fold=fold, paths=paths)


def test_beams_stand_in_their_rows_and_what_was_dropped_below() -> None:
    """A column for each step; each node knows its step and its number there."""
    spec = tree(FIRST, CROSSING)
    assert marks(spec, KEPT) == [(1, 0, "a", [0, 0]), (1, 1, "b", [0, 1]), (2, 0, "d", [1, 0]), (2, 1, "e", [1, 1])]
    assert marks(spec, PRUNED) == [(1, 2, "c", [0, 2]), (2, 3, "g", [1, 3])]
    assert marks(spec, FINISHED) == [(2, 2, "f", [1, 2])]
    assert len({spec["data"][place]["marker"]["symbol"] for place in MARKS.values()}) == 3


def test_a_line_leads_from_the_text_of_the_parent() -> None:
    """Beam 0 of the second step goes on from beam 1 of the first, and the other way round."""
    kept = tree(FIRST, CROSSING)["data"][1]
    segments = list(zip(kept["x"][6::3], kept["y"][6::3], kept["x"][7::3], kept["y"][7::3], strict=True))
    assert segments == [(1.8, 1, 2, 0), (1.8, 0, 2, 1)]
    assert [trace["line"]["dash"] for trace in tree(FIRST)["data"][:3]] == ["dot", "solid", "dash"]


def test_steps_without_branching_share_a_column() -> None:
    """Both tokens stand in one node, with the numbers of the last; unfolded each has its own."""
    spec = tree(FIRST, GOING_ON)
    assert marks(spec, KEPT) == [(1, 0, "ad", [1, 0]), (1, 1, "be", [1, 1])]
    assert "-1.00 → -2.00" in spec["data"][MARKS[KEPT]]["text"][0]
    assert [note["text"] for note in spec["layout"]["annotations"]] == ["+1 dropped"]
    assert [x for x, *_ in marks(tree(FIRST, GOING_ON, fold=False), KEPT)] == [1, 1, 2, 2]


def test_where_a_text_ends_nothing_is_folded() -> None:
    """Or its mark would have no place."""
    ends = BeamStep(1, (item(0, 3, -2.0, 0), item(1, 4, -2.5, 1), item(0, 5, -2.1, None, FINISHED)))
    assert [x for x, *_ in marks(tree(FIRST, ends), KEPT)] == [1, 1, 2, 2]


def test_more_than_a_few_dropped_ones_are_counted() -> None:
    """The best of them are shown."""
    many = BeamStep(0, (item(0, 0, -1.0, 0), *(item(0, token, -float(token)) for token in range(9, 1, -1))))
    spec = tree(many)
    assert [name for _, _, name, _ in marks(spec, PRUNED)] == ["c", "d", "e"]
    assert [note["text"] for note in spec["layout"]["annotations"]] == [f"+{8 - BELOW} dropped"]


def test_the_way_to_the_best_text_is_strong() -> None:
    """Its lines are the fourth trace, and its marks have their color."""
    best = Hypothesis((1, 3), (b"b", b"d"), -2.0, -2.0, -1.0, Ending.LENGTH)
    last = BeamStep(1, CROSSING.continuations, SearchEnd.LENGTH, (best,))
    strong = tree(FIRST, last)["data"][3]
    assert list(zip(strong["x"][1::3], strong["y"][1::3], strict=True)) == [(1, 1), (2, 0)]
    colors = tree(FIRST, last)["data"][MARKS[KEPT]]["marker"]["color"]
    assert [color == strong["line"]["color"] for color in colors] == [False, True, True, False]


def test_another_text_is_laid_over_as_far_as_the_tree_has_it() -> None:
    """Its third token is not in the tree any more."""
    laid = tree(FIRST, CROSSING, paths=[(0, 4, 7)])["data"][-1]
    assert list(zip(laid["x"][1::3], laid["y"][1::3], strict=True)) == [(1, 0), (2, 1)]
    assert laid["line"]["dash"] == "dashdot"


def test_hover_says_the_numbers_and_the_text() -> None:
    """Of a finished one also why it goes no further."""
    said = tree(FIRST, CROSSING)["data"][MARKS[FINISHED]]["hovertext"][0].split("<br>")
    assert said == [
        "token 2 “f”",
        "logprob of the model -1.000, after penalties -1.000",
        "sum -2.200 · score -2.2000",
        "finished: the model ended its text here",
        "af",
    ]


def test_a_tokens_text_is_never_markup() -> None:
    """Plotly would read a few tags and formulas."""
    hostile = Continuation(0, 0, 5, b"<b>$x$</b>", -1.0, -1.0, -1.0, -1.0, None, KEPT, 0)
    spec = tree(BeamStep(0, (hostile,)))
    text = spec["data"][MARKS[KEPT]]["text"][0]
    assert text.startswith("&lt;b&gt;&#36;x&#36;")
    assert "<b>" not in spec["data"][MARKS[KEPT]]["hovertext"][0]


@pytest.mark.parametrize("language", [EN, RU], ids=["en", "ru"])
@pytest.mark.parametrize("fold", [True, False], ids=["folded", "unfolded"])
def test_no_node_moves_as_a_real_search_grows(language: Language, *, fold: bool) -> None:
    """What was drawn at a step stands there at every later one; only the last column's text may grow longer."""
    with Playground() as playground:
        found = playground.beams("toy", "Then the cat", num_beams=4, num_return_sequences=4, max_new_tokens=12)
    before: dict[tuple[float, float], str] = {}
    for count in range(1, len(found.steps)):
        spec = tree_spec(found.steps[:count], language.texts, fold=fold)
        now = {(x, y): name for fate in MARKS for x, y, name, _ in marks(spec, fate)}
        last = max(x for x, _ in before) if before else 0
        assert before.keys() <= now.keys()
        assert all(now[place] == name for place, name in before.items() if place[0] < last)
        before = now
    assert len(before) > 20


def test_a_search_too_large_to_draw_shows_its_end() -> None:
    """And says how many columns it leaves out."""
    steps = [FIRST, *(BeamStep(step, CROSSING.continuations) for step in range(1, 900))]
    spec = tree(*steps)
    count = sum(len(marks(spec, fate)) for fate in MARKS)
    assert count <= MOST_NODES
    assert spec["omitted"] == 900 - MOST_NODES // 4
    assert spec["data"][MARKS[KEPT]]["x"][0] == spec["omitted"] + 1


def test_nothing_yet_is_an_empty_tree() -> None:
    """A search that was stopped before its first step has one event without continuations."""
    spec = tree(BeamStep(0, (), SearchEnd.STOPPED))
    assert [marks(spec, fate) for fate in MARKS] == [[], [], []]
