"""The definition of each sampler, with numbers that can be checked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from playground.chain import draw, luck, trace_chain
from playground.numerics import Distribution
from playground.samplers import ORDERS
from playground.samplers.base import StepContext
from playground.samplers.epsilon_cutoff import EpsilonCutoff
from playground.samplers.eta_cutoff import EtaCutoff
from playground.samplers.min_p import MinP
from playground.samplers.mirostat import Mirostat
from playground.samplers.temperature import Temperature
from playground.samplers.top_h import TopH
from playground.samplers.top_k import TopK
from playground.samplers.top_n_sigma import TopNSigma
from playground.samplers.top_p import TopP
from playground.samplers.typical_p import TypicalP
from playground.samplers.xtc import Xtc
from tests.settings_drawn import FOUR, NOWHERE, Letters, keeps

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


# --- dynamic temperature ---


@pytest.mark.parametrize(
    ("logits", "knobs", "expected"),
    [
        ([0.0] * 4, {"temperature": 1.0, "range": 0.5}, 1.5),  # as even as can be: the high end
        ([0.0] * 4, {"temperature": 1.0, "range": 3.0}, 4.0),  # the low end never falls below 0, the high one is free
        (np.log([0.5, 0.5, 1e-300, 1e-300]), {"temperature": 1.0, "range": 0.5}, 1.0),  # ln 2 ÷ ln 4 = 1/2
        (np.log([0.5, 0.5, 1e-300, 1e-300]), {"temperature": 1.0, "range": 0.5, "exponent": 2.0}, 0.75),  # 0.5 + 1/4
        (np.log([0.5, 0.5, 1e-300, 1e-300]), {"temperature": 0.0, "range": 2.0}, 1.0),  # 0 + 2 × 1/2
        (np.log([1.0, 1e-300]), {"temperature": 1.0, "range": 0.5}, 0.5),  # sure of itself: the low end
        (np.log([1.0, 1e-300]), {"temperature": 0.5, "range": 0.5}, 0.0),  # which may be greedy
        (FOUR, {"temperature": 0.7, "exponent": 3.0}, 0.7),  # without a range the exponent does nothing
    ],
)
def test_dynamic_temperature_follows_the_entropy(logits: list[float], knobs: dict[str, float], expected: float) -> None:
    """From low on, (high − low) × (entropy ÷ its maximum)^exponent."""
    assert Temperature(**knobs).at(Distribution.of_logits(np.array(logits))) == pytest.approx(expected, abs=1e-9)


def test_dynamic_temperature_counts_the_tokens_in_play() -> None:
    """Behind top-k 2 of four equal tokens two are as even as can be."""
    two = Distribution.of_logits(np.zeros(4)).best(2)

    assert Temperature(1.0, range=0.5).at(two) == pytest.approx(1.5)


def test_a_range_acts_at_temperature_1_too() -> None:
    """1 is neutral only while it is fixed."""
    assert not Temperature(1.0, range=0.5).is_neutral
    assert keeps(Temperature(0.2, range=0.5), logits=np.array([0.0, -40.0])) == [0]


# --- cuts ---


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0, [0]),  # the best token always stays
        (0.49, [0]),  # although it holds more than p
        (0.5, [0]),  # exactly p is not more than p
        (0.74, [0]),  # the second would make it 0.75
        (0.75, [0, 1]),
        (0.9, [0, 1, 2]),
        (1.0, [0, 1, 2, 3]),
    ],
)
def test_top_p_may_leave_out_the_token_that_crosses(p: float, expected: list[int]) -> None:
    """Powers of two, so that sums are exact: 0.5, 0.75, 0.875, 1."""
    eighths = np.log2([0.5, 0.25, 0.125, 0.125]) * math.log(2)

    assert keeps(TopP(p, keep_crossing=False), logits=eighths) == expected


@pytest.mark.parametrize(("p", "expected"), [(0.0, 4), (0.19, 4), (0.21, 3), (0.31, 2), (0.49, 2), (0.51, 1), (1.0, 1)])
def test_min_p_is_a_share_of_the_best(p: float, expected: int) -> None:
    """Shares of the best token: 1, 0.5, 0.3, 0.2."""
    assert keeps(MinP(p)) == list(range(expected))


def test_min_p_keeps_what_is_tied_with_the_best() -> None:
    """At 1 the floor is the best token itself."""
    assert keeps(MinP(1.0), logits=np.array([1.0, 3.0, 3.0, 2.0])) == [1, 2]


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.0, [1]), (0.24, [1]), (0.26, [0, 1]), (0.74, [0, 1]), (0.76, [0, 1, 2]), (0.91, [0, 1, 2, 3])],
)
def test_typical_p_begins_at_the_entropy(p: float, expected: list[int]) -> None:
    """H = 1.208 nats; surprisals 0.693, 1.386, 1.897, 2.303 lie 0.515, 0.178, 0.689, 1.095 from it."""
    assert keeps(TypicalP(p)) == expected


def test_typical_p_can_remove_the_best_token() -> None:
    """Whichever surprisal lies nearer to the entropy comes first, from above or from below."""
    logits = np.log([0.52, *[0.048] * 10])  # H = 0.340 + 1.458 = 1.798: 0.654 is 1.144 away, 3.037 is 1.239
    assert keeps(TypicalP(0.1), logits=logits) == [0]

    logits = np.log([0.4, *[0.06] * 10])  # H = 0.367 + 1.688 = 2.055: 0.916 is 1.138 away, 2.813 is 0.759
    assert keeps(TypicalP(0.1), logits=logits) == [1, 2]


@pytest.mark.parametrize(("p", "count"), [(0.001, 10), (0.05, 500), (0.99, 9900)])
def test_typical_p_takes_the_lower_id_of_a_tie(p: float, count: int) -> None:
    """Of 10,000 equal tokens, all as typical, the first stay, however many shortlists it takes."""
    assert keeps(TypicalP(p - 1e-6), logits=np.zeros(10_000)) == list(range(count))


def test_typical_p_takes_the_lower_id_of_tokens_that_are_typical_alike() -> None:
    """One token at 1/2 and 23 at 1/46: H lies in the middle of their surprisals, so that distances are equal."""
    logits = np.array([0.0] * 23 + [math.log(23)])

    for ranked in (False, True):
        whole = Distribution.of_logits(logits)
        left = TypicalP(0.01).apply(whole.best(24) if ranked else whole, NOWHERE)
        assert left.token_ids.tolist() == [0]


@pytest.mark.parametrize(("n", "expected"), [(0.5, 1), (0.64, 2), (1.0, 2), (1.89, 2), (1.9, 3), (2.53, 4), (100.0, 4)])
def test_top_n_sigma_measures_from_the_best_logit(n: float, expected: int) -> None:
    """4, 3, 1, 0: mean 2, variance (4 + 1 + 1 + 4) ÷ 4, σ = 1.581; the others lie 0.632, 1.897 and 2.530 σ below."""
    assert keeps(TopNSigma(n), logits=np.array([4.0, 3.0, 1.0, 0.0])) == list(range(expected))


def test_top_n_sigma_does_not_count_what_the_model_ruled_out() -> None:
    """With tokens at minus infinity the cut is where it is without them."""
    ruled_out = np.array([4.0, -np.inf, 3.0, 1.0, 0.0, -np.inf])

    assert keeps(TopNSigma(1.0), logits=ruled_out) == [0, 2]


def test_temperature_does_not_move_top_n_sigma() -> None:
    """Logits, spread and cut all shrink alike."""
    logits = np.random.default_rng(3).normal(size=1000)
    counts = {len(keeps(Temperature(at), TopNSigma(2.0), logits=logits)) for at in (0.1, 0.7, 1.0, 2.0, 5.0)}

    assert len(counts) == 1


@pytest.mark.parametrize(("h", "expected"), [(0.0, 1), (0.28, 1), (0.57, 1), (0.58, 2), (0.80, 2), (0.82, 3), (1.0, 4)])
def test_top_h_spends_a_share_of_the_entropy(h: float, expected: int) -> None:
    """−p ln p: 0.347, 0.347, 0.285, 0.230 add up to 1.208; the running sums are shares 0.287, 0.574, 0.809, 1."""
    assert keeps(TopH(h)) == list(range(expected))


@pytest.mark.parametrize(("cutoff", "expected"), [(0.0, 4), (0.09, 4), (0.11, 3), (0.26, 1), (0.51, 1), (1.0, 1)])
def test_epsilon_cutoff_is_a_floor(cutoff: float, expected: int) -> None:
    """0.5, 0.25, 0.15, 0.1; where none reaches the floor the best one stays."""
    assert keeps(EpsilonCutoff(cutoff)) == list(range(expected))


def test_a_floor_above_all_leaves_one_token_of_a_tie() -> None:
    """None of the two at 0.42 reaches 0.5; the lower id stays."""
    assert keeps(EpsilonCutoff(0.5), logits=np.array([-1.0, 0.0, 0.0])) == [1]


@pytest.mark.parametrize("logits", [[0.0] * 4, [-1.0, 0.0, 0.0], [0.0, -5.0]])
def test_the_best_tokens_always_reach_eta(logits: list[float]) -> None:
    """Entropy is the mean surprisal, so exp(−H) is never above the best probability, and √ε is at most 1."""
    best = [token for token, logit in enumerate(logits) if logit == max(logits)]

    assert keeps(EtaCutoff(1.0), logits=np.array(logits)) == best


@pytest.mark.parametrize(
    ("cutoff", "expected"),
    [
        (0.08, 4),  # √0.08 × 0.299 = 0.0845 is above 0.08: η is 0.08
        (0.115, 3),  # √0.115 × 0.299 = 0.1013: it is the smaller now
        (0.24, 3),  # 0.1464
        (0.27, 2),  # 0.1553
        (0.69, 2),  # 0.2483
        (0.71, 1),  # 0.2519
    ],
)
def test_eta_cutoff_sinks_with_the_entropy(cutoff: float, expected: int) -> None:
    """exp(−1.208) = 0.299; η is the smaller of ε and √ε × 0.299."""
    assert keeps(EtaCutoff(cutoff)) == list(range(expected))


# --- XTC ---


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.0, [3]), (0.09, [3]), (0.11, [2, 3]), (0.16, [1, 2, 3]), (0.24, [1, 2, 3]), (0.26, [0, 1, 2, 3])],
)
def test_xtc_removes_all_but_the_last_that_is_good_enough(threshold: float, expected: list[int]) -> None:
    """Of the tokens at or above the threshold the least probable stays, and all below it."""
    assert keeps(Xtc(1.0, threshold=threshold)) == expected


def test_xtc_keeps_the_last_of_a_tie_in_rank_order() -> None:
    """Four tokens at 0.25 are good enough; three go. At exactly 0.5 two can reach the threshold."""
    assert keeps(Xtc(1.0, threshold=0.2), logits=np.zeros(4)) == [3]
    assert keeps(Xtc(1.0, threshold=0.5), logits=np.zeros(2)) == [1]


def test_xtc_acts_as_often_as_it_says() -> None:
    """Of 4,000 steps at 0.3 about 1,200, 3 σ = 87; the same ones again, and all of them at 0.6 too."""
    places = [replace(NOWHERE, seed=5, position=at) for at in range(4000)]
    acted = {p: {at.position for at in places if len(keeps(Xtc(p), context=at)) < 4} for p in (0.3, 0.6, 1.0)}

    assert abs(len(acted[0.3]) - 1200) < 87
    assert acted[0.3] == {at.position for at in places if luck(5, at.position, "xtc") < 0.3}
    assert acted[0.3] < acted[0.6] < acted[1.0]
    assert len(acted[1.0]) == 4000


# --- Mirostat ---


def test_mirostat_cuts_at_twice_its_wish_at_first() -> None:
    """Surprisals 1, 2, 2.737 and 3.322 bits."""
    found = [len(keeps(Mirostat(tau))) for tau in (0.4, 0.51, 0.99, 1.01, 1.36, 1.38, 1.66, 1.67)]

    assert found == [1, 1, 1, 2, 2, 3, 3, 4]


def test_mirostat_learns_from_what_was_written() -> None:
    """τ 3, η 0.5: a token of 1 bit opens the cut by 1, one of 5 bits closes it by 1, one never drawn moves nothing."""
    probs = (0.5, 2**-5, 0.0, 2**-5)
    cuts = [Mirostat(3.0, eta=0.5).cut(replace(NOWHERE, final_probs=probs[:count])) for count in range(5)]

    assert cuts == [6.0, 7.0, 6.0, 6.0, 5.0]


def test_mirostat_keeps_the_best_token_whatever_it_learned() -> None:
    """After ten tokens of 20 bits the cut is far below 0."""
    assert keeps(Mirostat(1.0, eta=1.0), context=replace(NOWHERE, final_probs=(2**-20,) * 10)) == [0]


def test_mirostat_brings_the_surprisal_to_its_wish() -> None:
    """Over 2,000 tokens drawn from a Zipf distribution of 10,000 the mean is what was asked for, 3 bits."""
    logits = -np.log(np.arange(1, 10_001))
    probs: list[float] = []
    for position in range(2000):
        context = StepContext(position=position, seed=11, final_probs=tuple(probs))
        final = trace_chain(logits, (Mirostat(3.0, eta=0.1),), context).final
        probs.append(float(final.probs_of(np.array([draw(final, luck(11, position))]))[0]))

    assert -np.log2(probs).mean() == pytest.approx(3.0, abs=0.05)


# --- notes ---


@pytest.mark.parametrize(
    ("sampler", "note"),
    [
        (TopK(60_000), "Top-k 60,000 is more than the vocabulary's 49,152 tokens; it removes nothing."),
        (TopK(49_152), None),
        (TopK(0), None),
        (
            Xtc(0.5, threshold=0.6),
            "XTC's threshold 0.6 is above 0.5, which no two tokens can both reach; it removes nothing.",
        ),
        (Xtc(0.5, threshold=0.5), None),
        (Xtc(0.0, threshold=0.6), None),
        (TopP(0.5), None),
    ],
)
def test_a_note_says_where_a_setting_does_nothing(sampler: Sampler, note: str | None) -> None:
    """Only of samplers that are on."""
    assert sampler.note(Letters(vocab_size=49_152)) == note
