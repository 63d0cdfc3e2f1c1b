"""What comes with each token for its card: the likeliest others, whatever was drawn, and all others together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from playground.chain import Draw, trace_chain
from playground.samplers.base import StepContext
from playground.settings import SamplingParams
from playground.ui.languages import EN
from playground.ui.peek import nearby

if TYPE_CHECKING:
    from playground.records import TokenStep

SHARES = [0.3, 0.2, 0.15, 0.12, 0.1, 0.06, 0.04, 0.03]


def drawn(token: int, **settings: object) -> TokenStep:
    """Return the record of a token of eight, drawn under these settings or put there by hand."""
    params = SamplingParams.from_dict(settings)
    trace = trace_chain(
        np.log(SHARES), params.chain, StepContext(), piece=lambda number: b"abcdefgh"[number : number + 1]
    )
    return Draw(trace, 0, 0.5, token).record()


def test_the_likeliest_five_and_the_drawn_one_leave_the_others() -> None:
    """The seventh is listed behind the best five; what is left of 1 are the sixth and the eighth, 0.06 + 0.03."""
    step = drawn(6)
    _, support, count, before, after, place, rows = nearby(step, step.snapshot, EN.texts)
    assert [row[0] for row in rows] == [*"abcdeg"]
    assert [row[1] for row in rows] == pytest.approx([0.3, 0.2, 0.15, 0.12, 0.1, 0.04])
    assert (support, count, place, before, after) == (8, 2, 5, pytest.approx(0.09), pytest.approx(0.09))


def test_what_is_removed_says_by_what_and_leaves_exactly_nothing() -> None:
    """With top-k 2 the third is gone; all that are left out have 0 after, not what rounding leaves."""
    step = drawn(1, top_k=2)
    _, support, count, before, after, place, rows = nearby(step, step.snapshot, EN.texts)
    assert (support, count, place, after) == (2, 3, 1, 0)
    assert before == pytest.approx(0.13)
    assert [row[2:] for row in rows] == [[0.6], [0.4], [0, "top-k"], [0, "top-k"], [0, "top-k"]]


def test_a_token_that_a_file_lists_nowhere_is_listed_all_the_same() -> None:
    """Its share is taken from that of the others, which hold it there."""
    step = drawn(7)
    kept = step.snapshot.candidates[:6]
    snapshot = replace(step.snapshot, candidates=kept, tail_count=2, tail_model_mass=0.07, tail_final_mass=0.07)
    _, _, count, before, _, place, rows = nearby(step, snapshot, EN.texts)
    assert (rows[place][0], rows[place][1]) == ("h", pytest.approx(0.03))
    assert (count, before) == (2, pytest.approx(0.10))
