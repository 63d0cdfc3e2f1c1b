"""The curves of a run have the numbers of its records, and every token's text as it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from playground.chain import Draw, trace_chain
from playground.records import TokenStep
from playground.samplers.base import StepContext
from playground.samplers.top_k import TopK
from playground.ui.text import ENGLISH
from playground.views.curves import curves, curves_spec, perplexities

HALVES = np.log([0.5, 0.25, 0.125, 0.125])  # entropy 1.75 bits; 1 bit among two equal ones


def drawn(position: int, token: int, piece: bytes = b" a") -> TokenStep:
    """Return a step on four tokens of which the two best stay."""
    trace = trace_chain(HALVES, (TopK(2),), StepContext(position=position), piece=lambda _: piece)
    return Draw(trace, position, 0.5, token).record()


def test_each_curve_has_the_numbers_of_the_run() -> None:
    """By hand: 1 and 3 bits make a perplexity of 2 and then 2² = 4; two of four with 2/3 and 1/3 have 0.918 bits."""
    lines = {trace["name"]: trace for trace in curves_spec([drawn(0, 0), drawn(1, 2)], ENGLISH)["data"]}
    assert [trace["x"] for trace in lines.values()] == [[1, 2]] * 5
    assert lines["surprisal"]["y"] == pytest.approx([1, 3])
    assert lines["before"]["y"] == pytest.approx([1.75, 1.75])
    assert lines["after"]["y"] == pytest.approx([0.9183, 0.9183], abs=1e-4)
    assert lines["support"]["y"] == [2, 2]
    assert lines["perplexity"]["y"] == pytest.approx([2, 4])


def test_an_impossible_token_ends_the_perplexity() -> None:
    """From a token of probability 0 on, which only another model can have written, there is no finite number."""
    steps = [drawn(0, 0), drawn(1, 0)]
    impossible = TokenStep(1, 3, b"x", luck=0.5, model_prob=0.0, final_prob=0.0, rank=4, packed=steps[1].packed)
    assert perplexities([steps[0], impossible]) == [2.0, math.inf]
    assert curves_spec([steps[0], impossible], ENGLISH)["data"][4]["y"] == [2.0, None]
    said = curves_spec([steps[0], impossible], ENGLISH)["data"][2]
    assert (said["y"], "surprisal ∞ bits" in said["hovertext"][1]) == ([1.0, None], True)
    assert math.isinf(impossible.surprisal_bits)


def test_an_end_token_adds_nothing_to_the_perplexity_of_the_text() -> None:
    """It has a surprisal of its own; where nothing else was written there is no number."""
    steps = [drawn(0, 0), drawn(1, 2)]
    assert perplexities(steps, ended=True) == [2.0, 2.0]
    [label] = curves_spec(steps[:1], ENGLISH, ended=True)["data"][2]["hovertext"]
    assert "surprisal 1.00 bits" in label
    assert label.endswith("perplexity so far –")


@pytest.mark.parametrize("text", ["<b>$x$", "{token}", "a\nb", "</text>&amp;"])
def test_a_tokens_text_is_shown_as_it_is(text: str) -> None:
    """Nothing of it is a tag, a formula, a place for a number or a new line; plotly takes the whole figure."""
    [label] = curves_spec([drawn(0, 0, text.encode())], ENGLISH)["data"][2]["hovertext"]
    assert [part for part in ("<b>", "$", "</text>") if part in label] == []
    assert label.count("<br>") == 4
    assert len(curves([drawn(0, 0, text.encode())], ENGLISH).data) == 5
