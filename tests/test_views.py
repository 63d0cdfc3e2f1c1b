"""A picture shows the numbers of its record, and every token's text as it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.chain import trace_chain
from playground.samplers.base import Sampler, StepContext
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature
from playground.samplers.top_k import TopK
from playground.samplers.top_p import TopP
from playground.tokens import visible
from playground.ui.text import ENGLISH
from playground.views.base import AFTER, DRAWN, MAX_LABEL, label, literal, percent
from playground.views.distribution import ROWS, distribution, rows_of

if TYPE_CHECKING:
    from playground.records import Snapshot

FOUR = [0.5, 0.25, 0.15, 0.1]
HUNDRED = [1 / place for place in range(1, 101)]  # one over its rank: a long tail

# How plotly.js 4.1 reads a text: tags are cut out, then entities are replaced; what stands between "$" is a formula.
PLOTLY_TAG = re.compile(r"<[^<>]*>")
PLOTLY_ENTITY = re.compile(r"&(?:#(\d+)|#x([\da-fA-F]+)|([a-z]+));")
PLOTLY_NAMES = {
    "mu": "μ", "amp": "&", "lt": "<", "gt": ">", "nbsp": "\u00a0", "times": "×", "plusmn": "±", "deg": "°",
}  # fmt: skip

HOSTILE = [
    "<b>",
    "</text><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "${alert(1)}",
    "$x$",
    "\\x",
    "\\u003c",
    "`${x}`",
    "&lt;b&gt;",
    "&amp;",
    "&#36;",
    "{tail}",
    "%{y}",
    "\"'",
    "<br>",
    "<a href='javascript:alert(1)'>x</a>",
    "\u202eevil",
]


def on_screen(text: str) -> str:
    """Return what plotly shows of a text, without its own tags."""

    def char(entity: re.Match[str]) -> str:
        decimal, hexadecimal, name = entity.groups()
        if name:
            return PLOTLY_NAMES.get(name, entity[0])
        return chr(int(decimal) if decimal else int(hexadecimal, base=16))

    return PLOTLY_ENTITY.sub(char, PLOTLY_TAG.sub("", text))


def snapshot_of(
    probs: list[float], *chain: Sampler, history: tuple[int, ...] = (), pieces: dict[int, str] | None = None
) -> Snapshot:
    """Return the record of a chain over tokens named t0, t1, …, or as ``pieces`` says."""
    names = pieces or {}
    return trace_chain(
        np.log(probs), chain, StepContext(history=history), piece=lambda token: names.get(token, f"t{token}").encode()
    ).snapshot()


def drawn_as(snapshot: Snapshot, drawn: int | None = None) -> dict[str, Any]:
    """Return the figure as the page gets it, its traces by name."""
    figure = json.loads(json.dumps(distribution(snapshot, drawn, ENGLISH).to_plotly_json(), allow_nan=False))
    return {"layout": figure["layout"]} | {trace["name"]: trace for trace in figure["data"]}


def columns(figure: dict[str, Any]) -> list[list[str]]:
    """Return the two words right of each row's bars: before, and after or who removed it."""
    return [on_screen(text).split(maxsplit=1) for text in figure["layout"]["yaxis2"]["ticktext"]]


def hatched(figure: dict[str, Any]) -> list[bool]:
    """Return for each row whether its bar of before is hatched."""
    return [shape == "/" for shape in figure["before"]["marker"]["pattern"]["shape"]]


def test_bars_are_the_probabilities_of_the_snapshot() -> None:
    """A row per token in rank order: before by the model, after by the chain."""
    figure = drawn_as(snapshot_of([0.15, 0.5, 0.1, 0.25], Temperature(0.5)))

    assert figure["layout"]["yaxis"]["ticktext"] == ["t1", "t3", "t0", "t2"]
    assert figure["before"]["x"] == pytest.approx([0.5, 0.25, 0.15, 0.1])
    # Squares 0.25, 0.0625, 0.0225, 0.01 over their sum 0.345.
    assert figure["after"]["x"] == pytest.approx([0.25 / 0.345, 0.0625 / 0.345, 0.0225 / 0.345, 0.01 / 0.345])


def test_removed_tokens_are_hatched_and_say_who_removed_them() -> None:
    """Top-k takes the last and top-p the third: both keep their place and the bar of before, and have none of after."""
    figure = drawn_as(snapshot_of(FOUR, TopK(3), TopP(0.6)))

    assert figure["before"]["x"] == pytest.approx([0.5, 0.25, 0.15, 0.1])
    assert hatched(figure) == [False, False, True, True]
    assert figure["after"]["x"] == [pytest.approx(2 / 3), pytest.approx(1 / 3), None, None]
    assert columns(figure) == [
        ["before", "after"],
        ["50.0%", "66.7%"],
        ["25.0%", "33.3%"],
        ["15.0%", "top-p"],
        ["10.0%", "top-k"],
    ]


def test_the_tip_of_a_bar_tells_token_rank_and_remover() -> None:
    """Hovering names the token, its id and rank, and both probabilities or who removed it."""
    stayed, removed = drawn_as(snapshot_of([0.25, 0.75], TopK(1)))["before"]["hovertext"]

    assert [on_screen(line) for line in stayed.split("<br>")] == [
        f"t1 · id 1 · {ENGLISH['rank']} 1", f"{ENGLISH['before']} 75.0%", f"{ENGLISH['after']} 100%",
    ]  # fmt: skip
    assert on_screen(removed.split("<br>")[-1]) == ENGLISH["removed_by"].format(name="top-k")


@pytest.mark.parametrize("chain", [(), (TopK(5),), (TopK(30),), (TopP(0.9),), (Temperature(2.0), TopK(70))])
def test_the_tail_row_completes_to_one(chain: tuple[Sampler, ...]) -> None:
    """The last of the rows is everything that has none of its own: with it both columns add up to 1."""
    snapshot = snapshot_of(HUNDRED, *chain)

    figure = drawn_as(snapshot)

    before = figure["before"]["x"]
    assert len(before) == ROWS + 1
    assert on_screen(figure["layout"]["yaxis"]["ticktext"][-1]) == ENGLISH["tail"].format(count=f"{100 - ROWS}")
    assert before[-1] == pytest.approx(1 - sum(item.model_prob for item in snapshot.candidates[:ROWS]))
    assert (figure["after"]["x"][-1] or 0) == pytest.approx(
        1 - sum(item.final_prob for item in snapshot.candidates[:ROWS]), abs=1e-12
    )


def test_a_tail_that_is_removed_whole_is_hatched() -> None:
    """Of 100 tokens five stay; nothing of the other eighty in the tail can be drawn, and the tail says why."""
    figure = drawn_as(snapshot_of(HUNDRED, TopK(5)))

    assert figure["after"]["x"][-1] is None
    assert hatched(figure)[-1]
    assert columns(figure)[-1][1] == "top-k"


def test_a_given_token_that_the_model_excludes_takes_no_place_in_the_tail() -> None:
    """Of 21 tokens at 1/21 each the last one has no row; the excluded token has one, with nothing before and after."""
    logits = np.array([0.0] * (ROWS + 1) + [-np.inf])
    snapshot = trace_chain(logits, (), StepContext(), piece=lambda token: f"t{token}".encode()).snapshot(also=ROWS + 1)
    rows = rows_of(snapshot, ROWS + 1, ENGLISH)
    assert [row.token_id for row in rows[-2:]] == [ROWS + 1, None]
    assert [row.after for row in rows[-2:]] == pytest.approx([0, 1 / (ROWS + 1)])


def test_a_tail_of_which_some_stays_is_not_hatched() -> None:
    """Of 100 tokens thirty stay, ten of them without a row."""
    figure = drawn_as(snapshot_of(HUNDRED, TopK(30)))

    assert not hatched(figure)[-1]
    assert figure["after"]["x"][-1] > 0


def test_no_tail_row_where_every_token_has_its_own() -> None:
    """Four tokens are four rows."""
    assert drawn_as(snapshot_of(FOUR, TopK(2)))["layout"]["yaxis"]["ticktext"] == ["t0", "t1", "t2", "t3"]


def test_a_token_lifted_from_deep_in_the_tail_has_a_row() -> None:
    """A penalty on the 50 best puts the 51st on top; it stands below the others, at its rank of the model."""
    # Shares 100, 99, … over their sum 5,050: all logits are below 0, so the penalty 10 multiplies them.
    snapshot = snapshot_of(
        [share / 5050 for share in range(100, 0, -1)], RepetitionPenalty(10.0), history=tuple(range(50))
    )

    names = drawn_as(snapshot)["layout"]["yaxis"]["ticktext"]

    assert names[:ROWS] == [f"t{token}" for token in range(ROWS)]
    assert names[ROWS:-1] == ["t50", "t51", "t52"]


def test_the_drawn_token_is_marked() -> None:
    """Its bar has a color and its name a weight of its own; without a drawn token no row has."""
    marked, plain = drawn_as(snapshot_of(FOUR), 2), drawn_as(snapshot_of(FOUR))

    assert marked["after"]["marker"]["color"] == [AFTER, AFTER, DRAWN, AFTER]
    assert marked["layout"]["yaxis"]["ticktext"] == ["t0", "t1", "<b>t2</b>", "t3"]
    assert plain["after"]["marker"]["color"] == [AFTER] * 4
    assert plain["layout"]["yaxis"]["ticktext"] == ["t0", "t1", "t2", "t3"]


def test_a_drawn_token_below_the_rows_has_a_row() -> None:
    """The 40th of 100 tokens is drawn: it stands behind the first 20, before the tail."""
    names = drawn_as(snapshot_of(HUNDRED), 39)["layout"]["yaxis"]["ticktext"]

    assert names[ROWS:-1] == ["<b>t39</b>"]


@pytest.mark.parametrize("probs", [FOUR, HUNDRED, [1.0], [1 - 1e-12, 1e-12]])
def test_every_row_has_its_place_and_every_bar_fits(probs: list[float]) -> None:
    """Traces, names and numbers agree on the rows, and the longest bar ends inside the axis."""
    figure = drawn_as(snapshot_of(probs, Temperature(0.7)))
    places = figure["layout"]["yaxis"]["tickvals"]
    longest = max(x for name in ("before", "after") for x in figure[name]["x"] if x)

    assert places == list(range(len(figure["layout"]["yaxis"]["ticktext"])))
    assert all(figure[name]["y"] == places for name in ("before", "after"))
    assert all(len(figure[name]["x"]) == len(places) for name in ("before", "after"))
    assert figure["layout"]["yaxis2"]["tickvals"] == [-1, *places]
    assert len(figure["layout"]["yaxis2"]["ticktext"]) == len(places) + 1
    assert figure["layout"]["yaxis2"]["range"] == figure["layout"]["yaxis"]["range"]
    assert figure["layout"]["xaxis"]["range"][0] == 0
    assert figure["layout"]["xaxis"]["range"][1] >= longest


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_token_is_shown_as_it_is(text: str) -> None:
    """On the axis and in the tip a token that looks like markup, a formula or a template is its own characters."""
    figure = drawn_as(snapshot_of([0.75, 0.25], TopK(1), pieces={0: text, 1: text}), 0)
    shown = visible(text.encode())
    clipped = shown if len(shown) <= MAX_LABEL else shown[: MAX_LABEL - 1] + "…"
    names = figure["layout"]["yaxis"]["ticktext"]
    tips = [tip.split("<br>")[0] for tip in figure["before"]["hovertext"]]

    assert [on_screen(name) for name in names] == [clipped] * 2
    assert [on_screen(tip).partition(" · id ")[0] for tip in tips] == [shown] * 2
    assert {tag for name in (*names, *tips) for tag in PLOTLY_TAG.findall(name)} == {"<b>", "</b>"}
    assert "$" not in "".join([*names, *figure["before"]["hovertext"]])


@given(text=st.text() | st.text(alphabet="<>&;$#/blt36amp\\{}"))
def test_literal_text_is_read_back_by_plotly_as_it_was(text: str) -> None:
    """No character of a text acts as tag, entity or formula."""
    assert on_screen(literal(text)) == text
    assert not set(literal(text)) & set("<>$")


@given(text=st.text(max_size=40))
def test_a_label_is_clipped_by_its_characters(text: str) -> None:
    """Long texts end in an ellipsis; what is clipped is text, never half an entity."""
    shown = on_screen(label(text))

    assert len(shown) <= MAX_LABEL
    assert shown == text if len(text) <= MAX_LABEL else shown == text[: MAX_LABEL - 1] + "…"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (1.0, "100%"), (0.5, "50.0%"), (0.1523, "15.2%"), (0.00123, "0.1%"), (0.00012, "0.012%")],
)
def test_a_percentage_has_as_many_digits_as_one_reads(share: float, text: str) -> None:
    """One digit behind the point, and more only where that would be 0."""
    assert percent(share) == text


@given(
    share=st.floats(0, 1, exclude_min=True, exclude_max=True) | st.floats(-60, 0).map(lambda power: 10**power * 0.999)
)
def test_a_percentage_never_says_never_or_always(share: float) -> None:
    """What can happen is not 0, what may not happen is not 100, and the number is right and fits its column."""
    shown = percent(share)

    number = float(shown.strip("<>%")) / 100
    assert 0 < number < 1
    assert len(shown) <= len("0.00010%")
    if shown.startswith("<"):
        assert share < number <= 1e-5
    elif shown.startswith(">"):
        assert share > number >= 0.99
    else:
        assert share == pytest.approx(number, rel=0.06, abs=0.00051)


def test_draws_are_thin_bars_over_the_probabilities() -> None:
    """Seven of ten for the first token, none for the second; the tail's bar is what the others leave."""
    snapshot = snapshot_of(FOUR)
    figure = distribution(snapshot, None, ENGLISH, {0: 7, 2: 3}).to_plotly_json()
    counted = next(trace for trace in figure["data"] if trace["name"] == "counted")
    assert list(counted["x"]) == [0.7, None, 0.3, None]
    assert counted["hovertext"][0] == "came 7 of 10 times, 70.0%; expected 50.0%"
    assert all(trace["name"] != "counted" for trace in distribution(snapshot, None, ENGLISH).to_plotly_json()["data"])
