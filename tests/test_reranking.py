"""The tree of a search says what another length penalty would have made of it, as a search under that one does."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from playground.backends.toy import EOS_PIECE, ToyModel
from playground.beam import BeamParams, search
from playground.errors import SettingError
from playground.hypotheses import BeamStep, Ending, SearchEnd
from playground.reranking import Course, rerank

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = 30
PENALTIES = (-1.0, 0.0, 1.0, 2.0)
EARLY: tuple[bool | str, ...] = (True, False, "never")


def a_model(seed: int) -> ToyModel:
    """Return random probabilities of words after words; the end is rather likely."""
    rng = np.random.default_rng(seed)
    words = [EOS_PIECE, *(f" w{number}" for number in range(WORDS - 1))]
    weights = rng.gamma(0.3, 1, (WORDS, WORDS)) + 1e-6
    weights[:, 0] += 1.0
    rows = (weights / weights.sum(1, keepdims=True)).tolist()
    return ToyModel(
        {last: dict(zip(words, row, strict=True)) for last, row in zip(["", *words[1:]], rows, strict=True)}, 64
    )


def steps_of(model: ToyModel, params: BeamParams, keep_going: Callable[[], bool] = lambda: True) -> list[BeamStep]:
    """Return a whole search."""
    return [step for step in search(model, [1], params, keep_going) if step]


def settings(early: bool | str, penalty: float, **more: object) -> BeamParams:  # noqa: FBT001 (as it is set)
    """Return four beams of at most ten tokens."""
    flat = {"num_beams": 4, "num_return_sequences": 4, "max_new_tokens": 10, "early_stopping": early}
    return BeamParams.from_dict(flat | {"length_penalty": penalty} | more)


@pytest.mark.parametrize("more", [{}, {"sample": True, "seed": 5}, {"num_beam_groups": 2, "diversity_penalty": 0.5}])
def test_what_is_known_is_what_the_search_itself_does(more: dict[str, object]) -> None:
    """Random models, each under four length penalties seen from four: the same texts and the same last step."""
    courses = Counter[Course]()
    for seed, early in product(range(12), EARLY):
        model = a_model(seed)
        found = {penalty: steps_of(model, settings(early, penalty, **more)) for penalty in PENALTIES}
        for recorded, other in product(PENALTIES, PENALTIES):
            seen = rerank(found[recorded], settings(early, recorded, **more), other)
            truth = found[other]
            courses[seen.course] += 1
            if seen.course in {Course.SAME, Course.EARLIER}:
                assert seen.hypotheses == truth[-1].hypotheses
                assert seen.position == truth[-1].position
            if seen.course is Course.LATER:
                assert truth[-1].position >= found[recorded][-1].position
                assert seen.hypotheses == ()
            if recorded == other:
                assert seen.course is Course.SAME

    assert set(courses) >= {Course.SAME, Course.LATER, Course.UNKNOWN if "num_beam_groups" in more else Course.EARLIER}


def test_every_finished_text_is_ranked_again() -> None:
    """Under a penalty of −1 short ones come first, under 2 long ones; each score is the sum over length ** penalty."""
    steps, params = steps_of(a_model(1), settings(early=False, penalty=1.0)), settings(early=False, penalty=1.0)
    short, long = rerank(steps, params, -1.0).texts, rerank(steps, params, 2.0).texts

    assert {text.token_ids for text in short} == {text.token_ids for text in long}
    assert len(short) > len(steps[-1].hypotheses)
    assert len(short[0].token_ids) < len(long[0].token_ids)
    assert [text.score for text in long] == pytest.approx([text.total / len(text.token_ids) ** 2 for text in long])
    assert [text.score for text in long] == sorted((text.score for text in long), reverse=True)


def test_of_a_stopped_search_the_rest_is_unknown() -> None:
    """What was running is ranked with what is finished, and nothing is claimed about the steps that were not taken."""
    answers = iter([True] * 3)
    params = settings(early="never", penalty=1.0)
    steps = steps_of(a_model(2), params, lambda: next(answers, False))
    seen = rerank(steps, params, 1.0)

    assert steps[-1].end is SearchEnd.STOPPED
    assert seen.course is Course.UNKNOWN
    assert set(steps[-1].hypotheses) <= set(seen.texts)
    assert sum(text.ending is Ending.STOPPED for text in seen.texts) == 4


def test_a_search_stopped_before_its_first_step_has_nothing_to_rank() -> None:
    """There are no texts, and nothing is known."""
    params = settings(early=False, penalty=1.0)
    seen = rerank(steps_of(a_model(2), params, lambda: False), params, 0.0)

    assert (seen.texts, seen.course, seen.position) == ((), Course.UNKNOWN, None)


def test_a_length_penalty_out_of_range_is_refused() -> None:
    """As for a search."""
    params = settings(early=False, penalty=1.0)
    with pytest.raises(SettingError, match="Length penalty is 9"):
        rerank(steps_of(a_model(2), params), params, 9)
