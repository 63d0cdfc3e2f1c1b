"""Distances between distributions are those of the formulas, over every token, and infinite where they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.chain import trace_chain
from playground.distances import APART, SAME, Distance, distance, narrowed
from playground.numerics import Distribution
from playground.samplers.base import StepContext
from playground.settings import SamplingParams

if TYPE_CHECKING:
    import numpy.typing as npt

    from playground.numerics import FloatArray

CHAINS: list[dict[str, object]] = [
    {"temperature": 0.6},
    {"top_k": 5},
    {"top_p": 0.9, "temperature": 1.3},
    {"min_p": 0.02, "repetition_penalty": 1.2},
    {"temperature": 0},
]


def of(*probs: float) -> Distribution:
    """Return the distribution with these probabilities; a token with 0 is not in play."""
    with np.errstate(divide="ignore"):
        return Distribution.of_logits(np.log(np.array(probs)))


def final(logits: npt.NDArray[np.float32], flat: dict[str, object]) -> Distribution:
    """Return what a chain makes of logits."""
    return trace_chain(logits, SamplingParams.from_dict(flat).chain, StepContext((1, 2, 3), 3)).final


def direct(p: FloatArray, q: FloatArray) -> Distance:
    """Follow the formulas token by token."""

    def kl(ones: list[float], others: list[float]) -> float:
        pairs = [(a, b) for a, b in zip(ones, others, strict=True) if a > 0]
        return math.inf if any(b == 0 for _, b in pairs) else math.fsum(a * math.log2(a / b) for a, b in pairs)

    ones, others = p.tolist(), q.tolist()
    middle = ((p + q) / 2).tolist()
    shared = math.fsum(map(min, ones, others))
    return Distance(kl(ones, others), kl(others, ones), (kl(ones, middle) + kl(others, middle)) / 2, shared)


def close(found: Distance, expected: Distance) -> bool:
    """Whether two agree to rounding."""
    pairs = [(getattr(found, name), getattr(expected, name)) for name in Distance.__slots__]
    return all(a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-13) for a, b in pairs)


def test_two_coins_by_hand() -> None:
    """½, ½ against ¼, ¾: ½·log2 2 + ½·log2 ⅔ = 0.20752; the other way ¼·log2 ½ + ¾·log2 1.5 = 0.18872; overlap ¾."""
    found = distance(of(0.5, 0.5), of(0.25, 0.75))
    assert found.kl_bits == pytest.approx(0.207519, abs=1e-6)
    assert found.reverse_kl_bits == pytest.approx(0.188722, abs=1e-6)
    assert found.js_bits == pytest.approx(0.048795, abs=1e-6)  # entropies of ⅜: 0.954434 − (1 + 0.811278) ÷ 2
    assert found.overlap == pytest.approx(0.75)


def test_a_token_that_only_one_has_makes_its_kl_infinite_and_nothing_else() -> None:
    """½, ½, 0 against ½, 0, ½: JS is ¼·1 + ¼·1 = ½ bit, overlap ½; against a part of it only one way is infinite."""
    assert close(distance(of(0.5, 0.5, 0), of(0.5, 0, 0.5)), Distance(math.inf, math.inf, 0.5, 0.5))
    part = distance(of(0.5, 0.5, 0), of(1, 0, 0))
    assert (part.kl_bits, part.overlap) == (math.inf, 0.5)
    assert part.reverse_kl_bits == pytest.approx(1.0)


def test_two_without_a_token_in_common_are_wholly_apart() -> None:
    """One bit, the most that JS can be."""
    assert distance(of(1, 0, 0), of(0, 0.5, 0.5)) == APART


@pytest.mark.parametrize("flat", CHAINS)
def test_a_distribution_has_no_distance_to_itself(flat: dict[str, object]) -> None:
    """Exactly, also where it was computed twice."""
    logits = np.random.default_rng(1).normal(0, 3, 500).astype(np.float32)
    assert distance(final(logits, flat), final(logits.copy(), flat)) == SAME


@pytest.mark.parametrize("one", CHAINS)
@pytest.mark.parametrize("other", CHAINS)
def test_chains_of_two_models_follow_the_formulas(one: dict[str, object], other: dict[str, object]) -> None:
    """Whatever order and whichever tokens a chain has left."""
    rng = np.random.default_rng(2)
    ones, others = (final(rng.normal(0, 3, 400).astype(np.float32), flat) for flat in (one, other))
    assert close(distance(ones, others), direct(ones.probs, others.probs))


LOGITS = st.lists(st.floats(-60, 60, width=32) | st.just(-math.inf), min_size=6, max_size=6).filter(
    lambda row: max(row) > -math.inf
)


@given(LOGITS, LOGITS)
def test_every_pair_of_rows_follows_the_formulas(one: list[float], other: list[float]) -> None:
    """Tokens that a model excludes included; swapping them swaps both directions and nothing else."""
    rows = [Distribution.of_logits(np.array(row, np.float32)) for row in (one, other)]
    found, swapped = distance(*rows), distance(*reversed(rows))
    assert close(found, direct(rows[0].probs, rows[1].probs))
    assert close(swapped, Distance(found.reverse_kl_bits, found.kl_bits, found.js_bits, found.overlap))


def test_what_is_too_improbable_for_a_number_still_counts_in_kl() -> None:
    """A logit of 2,000 below the best is a probability of 0 in float64; its logarithm is 2,000 nats all the same."""
    row = np.array([0.0, -2000.0])
    found = distance(Distribution.of_logits(row[::-1].copy()), Distribution.of_logits(row))
    bits = 2000 / math.log(2)
    assert close(found, Distance(bits, bits, 1.0, 0.0))


def test_rows_of_padding_are_left_out_and_their_share_is_told() -> None:
    """¼ of it lies on the last two tokens; the others keep their proportions."""
    left, share = narrowed(of(0.5, 0.25, 0.125, 0.125), 2)
    assert left is not None
    assert left.token_ids.tolist() == [0, 1]
    assert share == pytest.approx(0.25)
    assert left.entry_probs == pytest.approx([2 / 3, 1 / 3])
    assert narrowed(of(0, 0, 1), 2) == (None, 1.0)
