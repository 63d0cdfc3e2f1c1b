"""The definition of each sampler, with numbers that can be checked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from playground.chain import trace_chain
from playground.numerics import Distribution
from playground.samplers import ORDERS
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature
from playground.samplers.top_k import TopK
from playground.samplers.top_p import TopP
from tests.settings_drawn import FOUR, NOWHERE, after, keeps

if TYPE_CHECKING:
    from playground.samplers.base import Sampler


def test_temperature_zero_is_greedy_with_the_lowest_id_on_a_tie() -> None:
    """Only the most probable token stays, at probability 1."""
    trace = trace_chain(np.array([1.0, 5.0, 0.0, 5.0]), (Temperature(0.0),), NOWHERE)

    assert trace.final.probs.tolist() == [0, 1, 0, 0]


def test_temperature_divides_logits() -> None:
    """At 0.5 probabilities are squared: 0.25, 0.0625, 0.0225, 0.01, over their sum 0.345."""
    probs = trace_chain(FOUR, (Temperature(0.5),), NOWHERE).final.probs

    assert probs == pytest.approx([0.25 / 0.345, 0.0625 / 0.345, 0.0225 / 0.345, 0.01 / 0.345])


def test_top_k_keeps_exactly_k_and_the_lower_id_on_a_tie() -> None:
    """Of three tokens tied for the second place one stays, the one with the lowest id."""
    tied = np.array([2.0, 1.0, 2.0, 9.0, 2.0])

    assert keeps(TopK(2), logits=tied) == [0, 3]
    assert keeps(TopK(3), logits=tied) == [0, 2, 3]
    assert keeps(TopK(2), logits=np.zeros(5)) == [0, 1]


@pytest.mark.parametrize("k", [0, 4, 5, 1_000_000])
def test_top_k_of_nothing_or_of_the_whole_vocabulary_is_off(k: int) -> None:
    """0 turns it off, and more than there is removes nothing."""
    assert trace_chain(FOUR, (TopK(k),), NOWHERE).links == ()


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0, [0]),  # the best token always stays
        (0.49, [0]),
        (0.51, [0, 1]),  # 0.5 does not reach it; the second crosses it and stays
        (0.74, [0, 1]),
        (0.76, [0, 1, 2]),  # 0.75 does not reach it
        (0.89, [0, 1, 2]),
        (0.91, [0, 1, 2, 3]),
        (1.0, [0, 1, 2, 3]),
    ],
)
def test_top_p_keeps_the_token_that_crosses(p: float, expected: list[int]) -> None:
    """Running sums are 0.5, 0.75, 0.9, 1: the first that reaches p is the last that stays."""
    assert keeps(TopP(p)) == expected


def test_top_p_renormalizes_what_it_keeps() -> None:
    """Of 0.5 and 0.25 remain two thirds and one third."""
    assert trace_chain(FOUR, (TopP(0.7),), NOWHERE).final.probs == pytest.approx([2 / 3, 1 / 3, 0, 0])


def test_top_p_reaches_beyond_the_first_shortlist() -> None:
    """Of 10,000 equal tokens p = 0.45005 takes 4,501, the lowest ids: 4,500 hold only 0.45."""
    assert keeps(TopP(0.45005), logits=np.zeros(10_000)) == list(range(4501))


@pytest.mark.parametrize(
    ("temperature", "p", "transformers", "llama_cpp"),
    [
        # Roots 0.7071, 0.5, 0.3873, 0.3162 over 1.9106: running 0.370, 0.632, 0.835 ≥ 0.7. Before: 0.5, 0.75 ≥ 0.7.
        (2.0, 0.7, 3, 2),
        # Squares over 0.345: running 0.725, 0.906 ≥ 0.89. Before: 0.5, 0.75, 0.9 ≥ 0.89.
        (0.5, 0.89, 2, 3),
    ],
)
def test_the_order_decides_what_top_p_keeps(temperature: float, p: float, transformers: int, llama_cpp: int) -> None:
    """Temperature acts before top-p in one order and after it in the other: the same sliders keep different tokens."""
    by_key: dict[str, Sampler] = {"temperature": Temperature(temperature), "top_p": TopP(p)}

    found = {name: keeps(*(by_key[key] for key in order if key in by_key)) for name, order in ORDERS.items()}

    assert found == {"transformers": list(range(transformers)), "llama.cpp": list(range(llama_cpp))}


def test_repetition_penalty_divides_above_zero_and_multiplies_below() -> None:
    """Both ways a penalty above 1 makes a token less likely; a token that did not appear keeps its logit."""
    everything = replace(NOWHERE, history=(0, 1, 2))

    assert after(RepetitionPenalty(2.0), [3.0, 0.0, -3.0, 1.0], everything) == [1.5, 0.0, -6.0, 1.0]
    assert after(RepetitionPenalty(0.5), [3.0, 0.0, -3.0, 1.0], everything) == [6.0, 0.0, -1.5, 1.0]


def test_repetition_penalty_counts_a_token_once() -> None:
    """Three appearances lower a logit as much as one."""
    assert after(RepetitionPenalty(2.0), [8.0, 8.0], replace(NOWHERE, history=(0, 0, 0))) == [4.0, 8.0]


@pytest.mark.parametrize(
    ("knobs", "lowered"),
    [
        ({}, {0, 1, 2, 3}),  # everything, prompt included
        ({"window": 1}, {3}),
        ({"window": 3}, {1, 2, 3}),  # reaches one token into the prompt
        ({"window": 99}, {0, 1, 2, 3}),
        ({"include_prompt": False}, {2, 3}),
        ({"include_prompt": False, "window": 1}, {3}),
        ({"include_prompt": False, "window": 3}, {2, 3}),  # a window never reaches into a prompt left out
    ],
)
def test_repetition_penalty_looks_at_its_window(knobs: dict[str, Any], lowered: set[int]) -> None:
    """Of the prompt 0, 1 and the written 2, 3 the last n tokens count, and without the prompt only written ones."""
    context = replace(NOWHERE, history=(0, 1, 2, 3), prompt_length=2, position=2)

    found = after(RepetitionPenalty(2.0, **knobs), [4.0] * 5, context)

    assert {token for token, logit in enumerate(found) if logit == 2.0} == lowered
    assert all(found[token] == 4.0 for token in {0, 1, 2, 3, 4} - lowered)


def test_repetition_penalty_with_nothing_to_count_returns_the_same() -> None:
    """Before the first token is written, with the prompt left out, there is nothing to lower."""
    distribution = Distribution.of_logits(FOUR)
    context = replace(NOWHERE, history=(0, 1), prompt_length=2)

    assert RepetitionPenalty(2.0, include_prompt=False).apply(distribution, context) is distribution


def test_repetition_penalty_takes_the_logits_that_reach_it() -> None:
    """Behind temperature 2 logits 4, 2 are 2, 1; penalty 4 on the first leaves 0.5, 1."""
    final = trace_chain(
        np.array([4.0, 2.0]), (Temperature(2.0), RepetitionPenalty(4.0)), replace(NOWHERE, history=(0,))
    ).final

    assert final.probs == pytest.approx([1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(-0.5))])


def test_repetition_penalty_reaches_its_tokens_behind_a_truncation() -> None:
    """Top-k puts the entries in rank order; the penalty still finds its tokens, and removed ones stay removed."""
    context = replace(NOWHERE, history=(2, 0))  # token 0 is the one that top-k removes

    final = trace_chain(np.array([1.0, 2.0, 4.0, 3.0]), (TopK(3), RepetitionPenalty(4.0)), context).final

    # 1, 2, 3 stay with 2, 4, 3; then token 2 falls to 4 ÷ 4 = 1.
    weights = [0.0, math.exp(2), math.exp(1), math.exp(3)]
    assert final.probs == pytest.approx([weight / sum(weights) for weight in weights])
