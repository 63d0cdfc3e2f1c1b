"""The picture of a beam search: places, looks and numbers on trees made by hand, and laws on real searches."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from playground import backends
from playground.beam import BeamParams, BeamStep, search
from playground.hypotheses import Continuation, Ending, Fate, Hypothesis, SearchEnd, rows
from playground.tables import hypothesis_table, to_csv
from playground.ui.russian import RUSSIAN
from playground.ui.text import ENGLISH
from playground.views.beam_labels import PAD
from playground.views.beam_overlay import Overlay
from playground.views.beam_paths import Node, ids, paths, pieces
from playground.views.beam_tree import Look, beam_tree, beam_tree_spec
from playground.views.beam_words import legend, subtitle, told, what_if, why
from tests.models import CATALOG, SMOLLM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STORY = "Then the cat sat and the"
EOS = 0
PIECES = {EOS: b"<end>", 1: b" a", 2: b" b", 3: b"<b>", 4: b" longest token"}
TWO = BeamParams(num_beams=2, max_new_tokens=4, num_return_sequences=2)
KEPT, PRUNED, FINISHED = Fate.KEPT, Fate.PRUNED, Fate.FINISHED


def said(parent: int, token: int, total: float, fate: Fate, **more: Any) -> Continuation:  # noqa: ANN401
    """Return a continuation; its score is its sum unless told."""
    ending = Ending.EOS if token == EOS else None
    values = {"score": total, "ending": ending, "group": 0, "step": -1.0, "logprob": -1.0} | more
    return Continuation(parent, token_id=token, piece=PIECES[token], total=total, fate=fate, **values)


# The prompt goes on with a and b; only b goes on, with a and <b>; then b, <b> finishes and b, a, a goes on alone.
BY_HAND = (
    BeamStep(0, (said(0, 1, -1.0, KEPT, beam=0), said(0, 2, -1.5, KEPT, beam=1), said(0, 3, -3.0, PRUNED))),
    BeamStep(1, (
        said(1, 1, -2.0, KEPT, beam=0), said(1, 3, -2.5, KEPT, beam=1), said(0, 1, -4, PRUNED), said(0, 2, -5, PRUNED),
    )),
    BeamStep(2, (said(0, 1, -2.6, KEPT, beam=0), said(1, EOS, -2.7, FINISHED), said(0, 4, -2.8, KEPT, beam=1))),
)  # fmt: skip


def trace(spec: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a trace by its name."""
    return next(item for item in spec["data"] if item["name"] == name)


def drawn(steps: Sequence[BeamStep], params: BeamParams, **look: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the spec."""
    return beam_tree_spec(steps, params, "life is", ENGLISH, Look(**look))


def places(spec: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Return where each token stands, by its id."""
    dots = [item for item in spec["data"] if "customdata" in item and item["name"] != "prompt"]
    return {
        data[0]: (x, y) for item in dots for data, x, y in zip(item["customdata"], item["x"], item["y"], strict=True)
    }


def found(steps: Iterator[BeamStep | None]) -> list[BeamStep]:
    """Return the steps of a search."""
    return [step for step in steps if step]


@pytest.fixture(scope="module", params=["toy", SMOLLM])
def run(request: pytest.FixtureRequest) -> tuple[list[BeamStep], BeamParams]:
    """Return a real search of four beams."""
    model = backends.load(replace(CATALOG.get(request.param), context_tokens=256))
    params = BeamParams(num_beams=4, max_new_tokens=16, num_return_sequences=4)
    steps = found(search(model, model.encode(STORY, special=True), params))
    model.close()
    return steps, params


def test_the_best_child_goes_on_in_its_parents_lane_and_others_take_the_nearest_free_one() -> None:
    """A has the prompt's lane 0, b lane 1; b's best child stays in 1, its other one gets 0, which a has left."""
    first, second, third = paths(BY_HAND, TWO).nodes
    assert [node.lane for node in first[:2]] == [0, 1]
    assert [node.lane for node in second[:2]] == [1, 0]
    assert [third[0].lane, third[2].lane] == [1, 0]


def test_what_is_not_kept_hangs_below_its_parent_the_best_first() -> None:
    """Both pruned children of a, in lane 0, hang below it, and the finished one below <b>, also in lane 0."""
    _, second, third = paths(BY_HAND, TWO).nodes
    assert [(node.hook, round(node.lane, 2)) for node in second[2:]] == [(0, 0.3), (1, 0.53)]
    assert (third[1].hook, third[1].fate) == (0, FINISHED)


def test_lines_say_what_leads_somewhere() -> None:
    """A is a dead end; b leads to all; the best so far is the running text at −2.6, before the finished one at −2.7."""
    spec = drawn(BY_HAND, TWO)
    names = {name: [data[0] for data in trace(spec, name)["customdata"]] for name in ("dead", "lives", "best")}
    assert names == {"dead": ["0.0"], "lives": ["1.1", "2.1", "2.2"], "best": ["0.1", "1.0", "2.0"]}
    assert trace(spec, "best")["marker"]["symbol"] == ["circle", "circle", "triangle-right"]
    assert trace(spec, "lives")["marker"]["symbol"] == ["circle", "square", "triangle-right"]
    dashes = [trace(spec, f"{name} lines")["line"]["dash"] for name in ("dead", "lives", "pruned")]
    assert dashes == ["dash", "solid", "dot"]


def test_a_finished_text_has_a_flag_with_its_score() -> None:
    """It is not yet among returned texts, so that it has no place."""
    assert trace(drawn(BY_HAND, TWO), "lives")["text"][1] == "⚑ −2.70"


def test_the_winner_has_the_first_place_and_the_thick_line() -> None:
    """The search ends, and what is finished wins although a running text has a higher sum."""
    won = Hypothesis((2, 3, EOS), (b" b", b"<b>", b"<end>"), -2.7, -2.7, -2.7, Ending.EOS)
    ended = (*BY_HAND[:2], replace(BY_HAND[2], end=SearchEnd.FULL, hypotheses=(won,)))
    best = trace(drawn(ended, TWO), "best")
    assert [data[0] for data in best["customdata"]] == ["0.1", "1.1", "2.1"]
    assert best["text"][-1] == "⚑1 −2.70"


def test_a_column_is_as_wide_as_its_longest_kept_token() -> None:
    """Three characters at least, of 7 pixels each; longer tokens are clipped at twelve, and say so."""
    spec, tree = drawn(BY_HAND, TWO), paths(BY_HAND, TWO)
    assert tree.widths == [3 + PAD, 3 + PAD, 12 + PAD]
    assert [places(spec)[name][0] for name in ("0.0", "1.0", "2.0")] == [19, 19 + 6 * 7, 19 + 12 * 7]
    assert trace(spec, "lives")["text"][-1] == "␣longest␣to…"


def test_a_tip_has_all_numbers_and_shows_markup_as_it_is() -> None:
    """The token is <b>, and the text up to it is b<b>."""
    tip = trace(drawn(BY_HAND, TWO), "lives")["customdata"][0]
    assert tip[:9] == ["1.1", "&lt;b&gt;", 2, "−1.000", "−1.000", "−2.500", "−2.500", 2, 4]
    assert tip[9:] == ["kept: 2 go on, this is number 2 of 4", "␣b&lt;b&gt;"]


def test_a_tip_is_there_as_plain_lines_too() -> None:
    """Nothing is escaped in them, and a line of the text breaks no other."""
    tree = paths(BY_HAND, TWO)
    assert told(tree.nodes[1][1], tree, ENGLISH, " b<b>\n") == [
        "<b> · token 2",
        "logprob of the model −1.000, counted as −1.000",
        "running sum −2.500 · score −2.500",
        "place 2 of 4 considered",
        "kept: 2 go on, this is number 2 of 4",
        " b<b>\n",
    ]


def test_each_fate_has_its_reason() -> None:
    """Also a dead end says when it died: no child of a was kept at token 2."""
    tree = paths(BY_HAND, TWO)
    assert why(tree.nodes[0][0], tree, ENGLISH).endswith("; at token 2 nothing that follows it was kept")
    assert why(tree.nodes[0][2], tree, ENGLISH) == "not kept: only 2 go on, those with the highest sums"
    assert why(tree.nodes[2][1], tree, ENGLISH) == "finished: the model ended the text here"


def test_stubs_that_are_not_drawn_are_counted() -> None:
    """One of the two at step 2 is drawn, the other is named."""
    more = trace(drawn(BY_HAND, TWO, stubs=1), "more")
    assert more["text"] == ["+1"]
    assert more["hovertext"] == ["token 2: 1 more considered and not kept:<br>␣b  −5.00"]


def test_a_folded_run_has_its_text_at_its_first_token() -> None:
    """Four tokens of a single beam are one text; unfolded, each has its own."""
    alone = tuple(BeamStep(place, (said(0, 1 + place % 2, -1.0, KEPT, beam=0),)) for place in range(4))
    one = BeamParams(num_beams=1, max_new_tokens=9)
    assert trace(drawn(alone, one, fold=True), "best")["text"] == ["␣a b a b", "", "", ""]
    assert trace(drawn(alone, one), "best")["text"] == ["␣a", "␣b", "␣a", "␣b"]


def test_the_last_token_of_a_folded_run_stands_there_once() -> None:
    """Beside its score, where the text ends; what comes before it has the room up to there."""
    last = replace(said(0, 1, -1.0, FINISHED), ending=Ending.LENGTH)
    going = tuple(BeamStep(place, (said(0, 1 + place % 2, -1.0, KEPT, beam=0),)) for place in range(2))
    one = BeamParams(num_beams=1, max_new_tokens=3)
    assert trace(drawn((*going, BeamStep(2, (last,))), one, fold=True), "best")["text"] == ["␣a b", "", "␣a ⚑ −1.00"]
    assert trace(drawn((BeamStep(0, (last,)),), one, fold=True), "best")["text"] == ["␣a ⚑ −1.00"]


def test_the_newest_token_is_whole_while_a_tree_grows() -> None:
    """Nothing stands behind it yet; as soon as something does, it is clipped to the folded column."""
    tokens = (2, 1, 1, 4, 2)
    kept = [
        BeamStep(place, (said(0, token, -1.0, KEPT, beam=0), said(0, 2, -2.0, KEPT, beam=1)))
        for place, token in enumerate(tokens)
    ]
    newest, before = (trace(drawn(kept[:count], TWO, fold=True), "best")["text"] for count in (4, 5))
    assert newest[0] == before[0] == "␣b"
    assert newest[-1] == "␣longest␣token"
    assert before[3] == "␣longest…"


def test_a_path_laid_over_follows_the_tree_and_leaves_it_where_it_differs() -> None:
    """It shares b and a with the tree, in lane 1, then stands in a lane of its own, with its own token."""
    other = Overlay("greedy", (2, 1, 2), (b" b", b" a", b" b"))
    laid = trace(drawn(BY_HAND, TWO, overlays=(other,)), "greedy")
    points = [(y, text) for y, text, size in zip(laid["y"], laid["text"], laid["marker"]["size"], strict=True) if size]
    assert points == [(0.9, ""), (0.9, ""), (2.5, "␣b")]


def test_a_character_over_two_tokens_stands_where_it_is_complete() -> None:
    """The first half shows nothing, the second all of it."""
    halves = "é".encode()
    first, second = (replace(said(0, 1, -1, KEPT, beam=0), piece=halves[place : place + 1]) for place in (0, 1))
    tree = paths((BeamStep(0, (first,)), BeamStep(1, (second,))), BeamParams(num_beams=1, max_new_tokens=4))
    assert [step[0].text for step in tree.nodes] == ["", "é"]


def test_nothing_drawn_moves_while_a_tree_grows(run: tuple[list[BeamStep], BeamParams]) -> None:
    """Each token of each shorter tree stands where it stands in the whole one; also with early columns left out."""
    steps, params = run
    whole = places(drawn(steps, params))
    for count in range(1, len(steps)):
        assert places(drawn(steps[:count], params)).items() <= whole.items()
    assert places(drawn(steps, params, first=5)).items() <= whole.items()


def test_beams_of_a_step_never_share_a_place(run: tuple[list[BeamStep], BeamParams]) -> None:
    """With folding, too."""
    for fold in (False, True):
        spots = places(drawn(*run, fold=fold)).values()
        assert len(set(spots)) == len(spots)


def test_each_point_leads_back_to_what_the_search_said(run: tuple[list[BeamStep], BeamParams]) -> None:
    """Its id names the step and the place in it; and all that was considered is drawn or counted."""
    steps, params = run
    spec = drawn(steps, params)
    for name in ("dead", "lives", "best", "pruned"):
        for data in trace(spec, name)["customdata"]:
            position, index = map(int, data[0].split("."))
            assert data[5] == f"{steps[position].continuations[index].total:.3f}".replace("-", "−")
    counted = sum(int(text) for text in trace(spec, "more")["text"])
    assert counted + len(places(spec)) == sum(len(step.continuations) for step in steps)


def test_a_point_leads_to_its_whole_text() -> None:
    """By its id; an id that is none leads nowhere."""
    tree = paths(BY_HAND, TWO)
    node = tree.at("2.1")
    assert node
    assert (ids(node), pieces(node)) == ((2, 3, EOS), (b" b", b"<b>", b"<end>"))
    assert [tree.at(name) for name in ("3.0", "2.9", "", "x.1", "-1.0", "2.1.1")] == [None] * 6


def test_the_thick_line_is_the_winner(run: tuple[list[BeamStep], BeamParams]) -> None:
    """Its tokens are those of the first hypothesis."""
    steps, params = run
    last = max((node for step in paths(steps, params).nodes for node in step if node.best), key=_position)
    assert ids(last) == steps[-1].hypotheses[0].token_ids


def test_plotly_takes_it(run: tuple[list[BeamStep], BeamParams]) -> None:
    """A tree of the prompt alone, one that grows, and a whole one, in both languages."""
    steps, params = run
    for count, texts in ((0, ENGLISH), (3, RUSSIAN), (len(steps), ENGLISH)):
        figure = beam_tree(steps[:count], params, "life is", texts)
        assert figure.layout.width > 0


def test_the_sentence_and_the_legend_say_whether_it_goes_on() -> None:
    """Before the end the thick line is only the best so far."""
    assert subtitle(paths(BY_HAND, TWO), ENGLISH) == "Steps: 3. Finished texts: 1. The search goes on."
    assert legend(paths(BY_HAND, TWO), (), "", ENGLISH)[0][2] == "the best text so far"
    tree = paths((*BY_HAND[:2], replace(BY_HAND[2], end=SearchEnd.FULL)), replace(TWO, length_penalty=-0.5))
    said = legend(tree, ("greedy",), "+7", ENGLISH)
    assert said[0][2] == "the best text with length penalty −0.5"
    assert [sign for _, sign, _ in said][-2:] == ["+7", "◇"]


def test_another_length_penalty_ranks_the_texts_again(run: tuple[list[BeamStep], BeamParams]) -> None:
    """With 0 the rows are ordered by their sums; the search's own penalty is called so."""
    steps, params = run
    found = what_if(steps, params, 0.0, ENGLISH)["rows"]
    sums = [float(row["total"].replace("−", "-")) for row in found]
    assert sums == sorted(sums, reverse=True)
    assert [row["score"] for row in found] == [row["total"] for row in found]
    own = what_if(steps, params, 1.0, ENGLISH)
    assert own["said"] == "This is the length penalty with which the search ran."
    assert own["rows"][0]["token_ids"] == list(steps[-1].hypotheses[0].token_ids)


def test_the_sentence_names_the_length_penalty_as_it_is() -> None:
    """Not rounded to what a slider shows; a stopped search leaves open how it would have gone."""
    stopped = (*BY_HAND, BeamStep(3, end=SearchEnd.STOPPED))
    said = what_if(stopped, TWO, -0.25, ENGLISH)["said"]
    assert said.startswith("How a search with length penalty −0.25 would have gone cannot be told")
    assert said.endswith("The tree still shows the best text with 1.")


def test_the_table_leaves_as_csv_and_json(run: tuple[list[BeamStep], BeamParams]) -> None:
    """Numbers come back as they were; text is quoted, so that no spreadsheet runs it."""
    steps, params = run
    plain = rows(steps[-1].hypotheses)
    table = pd.read_csv(StringIO(to_csv(hypothesis_table(plain, "m", 1.0, params.to_dict()))), encoding="utf-8")
    assert json.loads(table["token_ids"][0]) == list(steps[-1].hypotheses[0].token_ids)
    assert json.loads(table["text"][0]) == steps[-1].hypotheses[0].text
    assert table["score"].tolist() == pytest.approx([text.score for text in steps[-1].hypotheses])
    assert json.loads(json.dumps(plain))[0]["ending"] == steps[-1].hypotheses[0].ending.value


def _position(node: Node) -> int:
    return node.position
