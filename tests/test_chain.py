"""A trace tells what each sampler did, and the draw is a pure walk down the final distribution."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.chain import ORDERS, Draw, Trace, draw, luck, trace_chain
from playground.numerics import Distribution
from playground.records import SamplingParams, Snapshot
from playground.samplers.base import StepContext
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature
from playground.samplers.top_k import TopK
from playground.samplers.top_p import TopP

if TYPE_CHECKING:
    from playground.numerics import FloatArray
    from playground.samplers.base import Sampler

FOUR = np.log([0.5, 0.25, 0.15, 0.1])
NOWHERE = StepContext()
LAST_LUCK = math.nextafter(1.0, 0.0)


def piece(token: int) -> bytes:
    """Return the bytes of a token: its id in angle brackets."""
    return f"<{token}>".encode()


def traced(*chain: Sampler, logits: FloatArray = FOUR, history: tuple[int, ...] = ()) -> Trace:
    """Run a chain over four tokens with 0.5, 0.25, 0.15 and 0.1, or over others."""
    return trace_chain(logits, chain, StepContext(history=history), piece=piece)


@st.composite
def traces(draw_one: st.DrawFn) -> Trace:
    """Draw a trace over up to 150 tokens, with ties, some at −inf, some in the history."""
    rng = np.random.default_rng(draw_one(st.integers(0, 2**32 - 1), "seed"))
    size = draw_one(st.integers(1, 150), "size")
    logits = rng.integers(-20, 20, size) / 2
    logits[1:][rng.random(size - 1) < 0.1] = -np.inf
    chain = (
        RepetitionPenalty(draw_one(st.sampled_from([1.0, 0.3, 4.0]), "penalty")),
        Temperature(draw_one(st.sampled_from([1.0, 0.0, 0.5, 3.0]), "temperature")),
        TopK(draw_one(st.sampled_from([0, 1, 5, 80]), "top_k")),
        TopP(draw_one(st.sampled_from([1.0, 0.05, 0.9]), "top_p")),
    )
    return traced(*draw_one(st.permutations(chain), "order"), logits=logits, history=tuple(range(0, size, 3)))


# --- what the trace says ---


def test_links_say_how_many_tokens_went_and_how_much_mass() -> None:
    """Each link counts in the distribution that reached it."""
    trace = traced(TopK(3), TopP(0.6))

    # Top-k removes 0.1. Of the other 0.9, 0.5 is a share of 0.556 and 0.25 crosses 0.6; 0.15 of 0.9 goes.
    assert [(link.sampler.key, link.removed) for link in trace.links] == [("top_k", 1), ("top_p", 1)]
    assert [link.removed_mass for link in trace.links] == pytest.approx([0.1, 0.15 / 0.9])


def test_a_link_that_removes_nothing_has_no_mass() -> None:
    """Temperature changes every probability and removes none."""
    link = traced(Temperature(0.5)).links[0]

    assert (link.removed, link.removed_mass) == (0, 0.0)


def test_samplers_that_change_nothing_have_no_link() -> None:
    """Neutral settings and cuts that remove nothing leave no trace."""
    trace = traced(RepetitionPenalty(), Temperature(), TopK(), TopP(), TopK(4), TopP(0.95))

    assert trace.links == ()
    assert trace.final is trace.model


def test_a_link_notes_its_entropies_only_when_asked() -> None:
    """With details: top-k 2 of four equal tokens takes entropy from 2 bits to 1 and removes half of the mass."""
    link = traced(TopK(2), logits=np.zeros(4)).links[0]

    detailed = link.note(details=True)

    assert (detailed.key, detailed.removed) == ("top_k", 2)
    assert (detailed.removed_mass, detailed.entropy_before_bits, detailed.entropy_after_bits) == pytest.approx(
        (0.5, 2, 1)
    )
    assert link.note(details=False).removed_mass is None


def test_the_trace_names_the_sampler_that_removed_a_token() -> None:
    """A key for a removed token; None for one that can be drawn, that the model ruled out or that does not exist."""
    trace = traced(TopK(3), TopP(0.6), logits=np.append(FOUR, -np.inf))

    assert [trace.removed_by(token) for token in range(6)] == [None, None, "top_p", "top_k", None, None]


@given(trace=traces())
def test_every_token_is_drawable_or_has_one_remover(trace: Trace) -> None:
    """The links' counts and the removers add up to all tokens in play."""
    removers = Counter(trace.removed_by(token) for token in trace.model.token_ids.tolist())

    assert removers.pop(None) == trace.final.size
    assert removers == {link.sampler.key: link.removed for link in trace.links if link.removed}


@given(trace=traces())
def test_final_probs_sum_to_one_and_are_zero_where_removed(trace: Trace) -> None:
    """What is drawn from is a distribution over the tokens that stayed."""
    stayed = set(trace.final.token_ids.tolist())
    gone = [token for token in range(trace.model.vocab_size) if token not in stayed]

    assert trace.final.probs.shape == (trace.model.vocab_size,)
    assert math.fsum(trace.final.probs.tolist()) == pytest.approx(1, abs=1e-12)
    assert trace.final.probs[gone].tolist() == [0.0] * len(gone)
    assert all(trace.removed_by(token) or trace.model.probs[token] == 0 for token in gone)


def test_candidates_hold_the_best_before_and_the_best_after() -> None:
    """A token that the penalty lifted to the top stands at its own rank of the model."""
    # Logits 4, 3, 2, 1; penalty 8 on the first two gives 0.5, 0.375, 2, 1: now token 2 is the best.
    trace = traced(RepetitionPenalty(8.0), logits=np.array([4.0, 3.0, 2.0, 1.0]), history=(0, 1))

    assert [(item.token_id, item.rank) for item in trace.candidates(1)] == [(0, 1), (2, 3)]
    assert [(item.token_id, item.rank) for item in trace.candidates(2)] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_a_candidate_holds_what_the_trace_says_of_it() -> None:
    """Piece, text, both probabilities, rank and remover of every token, the removed ones in their places."""
    kept, last = traced(TopK(3)).candidates(4)[::3]

    assert (kept.piece, kept.text, kept.rank, kept.removed_by) == (b"<0>", "<0>", 1, None)
    assert (kept.model_prob, kept.final_prob) == pytest.approx((0.5, 0.5 / 0.9))
    assert (last.token_id, last.rank, last.final_prob, last.removed_by) == (3, 4, 0.0, "top_k")


@given(trace=traces(), count=st.sampled_from([1, 3, 64]))
def test_candidates_stand_in_rank_order_and_agree_with_the_trace(trace: Trace, count: int) -> None:
    """The shortlist cuts for display and changes no number."""
    found = trace.candidates(count)
    ids = [item.token_id for item in found]
    best = {*trace.model.best(count).token_ids.tolist(), *trace.final.best(count).token_ids.tolist()}

    assert sorted(ids) == sorted(best)
    assert [item.rank for item in found] == sorted(trace.model.rank_of(token) for token in ids)
    assert [item.rank for item in found] == [trace.model.rank_of(token) for token in ids]
    assert [item.model_prob for item in found] == trace.model.probs[ids].tolist()
    assert [item.final_prob for item in found] == trace.final.probs[ids].tolist()
    assert [item.removed_by for item in found] == [trace.removed_by(token) for token in ids]


@given(trace=traces(), count=st.sampled_from([1, 3, 64]))
def test_tail_mass_is_what_the_candidates_leave(trace: Trace, count: int) -> None:
    """Candidates and tail complement each other to 1, and the tail is the mass of the tokens not listed."""
    shortlist = trace.candidates(count)
    listed = {item.token_id for item in shortlist}
    rest = [token for token in range(trace.model.vocab_size) if token not in listed]
    tail = trace.tail_mass(count)

    assert tail + math.fsum(item.model_prob for item in shortlist) == pytest.approx(1, abs=1e-12)
    assert tail == pytest.approx(math.fsum(trace.model.probs[rest].tolist()), abs=1e-12)


# --- the record ---


def test_a_snapshot_counts_before_and_after() -> None:
    """Top-k 3 of 0.5, 0.25, 0.15, 0.1 and a token at −inf, cut to two candidates for display."""
    snapshot = traced(TopK(3), logits=np.append(FOUR, -np.inf)).snapshot(2)

    assert (snapshot.vocab_size, snapshot.support, snapshot.tail_count) == (5, 3, 2)
    assert snapshot.removed_mass == pytest.approx(0.1)
    assert snapshot.tail_model_mass == pytest.approx(0.25)  # 0.15 and 0.1
    assert snapshot.tail_final_mass == pytest.approx(0.15 / 0.9)


@given(trace=traces(), details=st.booleans())
def test_a_snapshot_agrees_with_its_trace(*, trace: Trace, details: bool) -> None:
    """Entropies, removed mass and tails are those of the whole vocabulary."""
    snapshot = trace.snapshot(3, details=details)
    gone = [token for token in range(trace.model.vocab_size) if trace.removed_by(token)]
    ids = [item.token_id for item in snapshot.candidates]

    assert snapshot.model_entropy_bits == trace.model.entropy_bits
    assert snapshot.final_entropy_bits == trace.final.entropy_bits
    assert snapshot.removed_mass == pytest.approx(trace.model.probs[gone].sum(), abs=1e-12)
    assert snapshot.tail_final_mass == pytest.approx(1 - trace.final.probs[ids].sum(), abs=1e-12)
    assert snapshot.tail_count == trace.model.size - len(ids)


@given(trace=traces(), details=st.booleans())
def test_a_snapshot_survives_packing(*, trace: Trace, details: bool) -> None:
    """What leaves the model's process arrives as an equal record."""
    snapshot = trace.snapshot(details=details)

    assert Snapshot.unpack(snapshot.pack()) == snapshot


@pytest.mark.parametrize("details", [False, True])
def test_the_record_of_a_draw_holds_what_its_trace_says(*, details: bool) -> None:
    """Token, piece, luck, both probabilities, rank and snapshot, equal to what is computed directly."""
    # The penalty puts token 1 last and top-k removes it: token 3, third by the model, is the second of what stays.
    trace = traced(RepetitionPenalty(10.0), TopK(3), logits=np.log([0.1, 0.5, 0.25, 0.15]), history=(1,))

    step = Draw(trace, position=7, luck=0.7, token_id=3).record(details=details)

    assert (step.position, step.token_id, step.piece, step.luck, step.rank) == (7, 3, b"<3>", 0.7, 3)
    assert step.model_prob == trace.model.probs[3] == pytest.approx(0.15)
    assert step.final_prob == trace.final.probs[3] == pytest.approx(0.15 / 0.5)  # of 0.25, 0.15 and 0.1
    assert step.snapshot == trace.snapshot(details=details)


def test_a_chain_leaves_the_models_logits_alone() -> None:
    """The array may be shared by many settings: what-if never writes to it."""
    logits = FOUR.astype(np.float32)
    copy = logits.copy()
    logits.flags.writeable = False

    trace = trace_chain(logits, (RepetitionPenalty(2.0), Temperature(0.5), TopK(3), TopP(0.6)), StepContext((0,)))

    assert len(trace.links) == 4
    assert np.array_equal(logits, copy)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_chain_refuses_logits_that_are_no_answer(wrong: float) -> None:
    """A damaged model is told at once, in a sentence with the step, not drawn from."""
    with pytest.raises(
        FloatingPointError, match=r"^At step 5 the model's logits hold NaN or \+inf, or nothing but -inf.$"
    ):
        trace_chain(np.array([0.0, wrong]), (), StepContext(position=4))


# --- luck ---


@pytest.mark.parametrize(
    ("seed", "position", "purpose", "expected"),
    [
        (42, 0, "draw", 0.3388247901579885),
        (0, 0, "draw", 0.01918484340537452),
        (2**32 - 1, 999_999, "draw", 0.19846433856739754),
        (42, 0, "xtc", 0.19358709075368175),
    ],
)
def test_luck_stays_what_it_was_when_published(seed: int, position: int, purpose: str, expected: float) -> None:
    """Links and saved runs replay for ever: these numbers may never change."""
    assert luck(seed, position, purpose) == expected


@given(seed=st.integers(0, 2**32 - 1), position=st.integers(0, 10**6), purpose=st.text(max_size=8))
def test_luck_lies_in_its_range_and_is_pure(seed: int, position: int, purpose: str) -> None:
    """At least 0, below 1, the same at every call."""
    first = luck(seed, position, purpose)

    assert 0 <= first < 1
    assert luck(seed, position, purpose) == first


def test_luck_differs_by_seed_position_and_purpose() -> None:
    """10 × 100 × 2 arguments give 2,000 different numbers; digits that move between arguments are no collision."""
    found = {luck(seed, place, why) for seed in range(10) for place in range(100) for why in ("draw", "xtc")}

    assert len(found) == 2000
    assert luck(1, 23) != luck(12, 3)


# --- the draw ---


@pytest.mark.parametrize(
    ("luck_here", "token"),
    [(0.0, 1), (0.49, 1), (0.51, 3), (0.74, 3), (0.76, 0), (0.89, 0), (0.91, 2), (LAST_LUCK, 2)],
)
def test_the_draw_walks_down_from_the_most_probable(luck_here: float, token: int) -> None:
    """Tokens 1, 3, 0, 2 hold 0.5, 0.25, 0.15, 0.1: running sums 0.5, 0.75, 0.9, 1."""
    final = Distribution.of_logits(np.log([0.15, 0.5, 0.1, 0.25]))

    assert draw(final, luck_here) == token


def test_the_draw_takes_the_lower_id_of_a_tie_first() -> None:
    """Over four equal tokens luck picks by id, a quarter each."""
    final = Distribution.of_logits(np.zeros(4))

    assert [draw(final, at) for at in (0.0, 0.2, 0.3, 0.6, 0.8)] == [0, 0, 1, 2, 3]


@given(trace=traces(), luck_here=st.floats(0, 1, exclude_max=True))
def test_the_draw_agrees_with_a_walk_token_by_token(trace: Trace, luck_here: float) -> None:
    """Luck falls into the drawn token's own stretch of the running sum; a removed token has none."""
    token = draw(trace.final, luck_here)
    probs = trace.final.probs
    above = [other for other, share in enumerate(probs) if (-share, other) < (-probs[token], token)]
    start = math.fsum(probs[above].tolist())

    assert probs[token] > 0
    assert start - 1e-12 <= luck_here < start + probs[token] + 1e-12


@pytest.mark.parametrize("temperature", [1.0, 0.05])
def test_luck_just_below_one_draws_the_last_token_that_can_be(temperature: float) -> None:
    """Over 50,000 tokens the running sum ends a rounding away from 1; the last token with a share is drawn."""
    logits = np.linspace(0, -40, 50_000)  # at 0.05 the last is exp(−800), which is 0
    final = trace_chain(logits, (Temperature(temperature),), NOWHERE).final

    token = draw(final, LAST_LUCK)

    assert final.probs[token] > 0
    assert math.fsum(final.probs[: token + 1].tolist()) == pytest.approx(1, abs=1e-12)


def test_draws_follow_the_final_distribution() -> None:
    """Over 20,000 positions of one seed the counts fit the probabilities; removed tokens are never among them."""
    final = traced(TopK(5), logits=np.log([0.05, 0.3, 0.02, 0.2, 0.1, 0.33])).final
    total = 20_000

    counts = Counter(draw(final, luck(2024, position)) for position in range(total))

    kept = final.token_ids.tolist()
    expected = {token: total * final.probs[token] for token in kept}
    chi_square = sum((counts[token] - expected[token]) ** 2 / expected[token] for token in kept)
    assert counts.keys() == set(kept) == {0, 1, 3, 4, 5}
    assert chi_square < 18.47  # 4 degrees of freedom: 999 of 1,000 fair dice stay below


@pytest.mark.parametrize("order", ORDERS)
def test_draws_follow_a_whole_chain_over_a_large_vocabulary(order: str) -> None:
    """10,000 draws from what a chain leaves of 49,152 tokens, in 40 cells of about the same mass."""
    logits = np.random.default_rng(49).normal(0, 2, 49_152)
    values = {"temperature": 1.3, "top_p": 0.9, "min_p": 0.001, "typical_p": 0.97, "presence_penalty": 0.5}
    params = SamplingParams.from_dict({**values, "order": order})
    final = trace_chain(logits, params.chain, StepContext(tuple(range(0, 49_152, 500)))).final
    cell = np.zeros(final.vocab_size, dtype=np.int64)  # by rank, which is how the draw walks
    ranked = final.best(final.size)
    cell[ranked.token_ids] = np.minimum(39, np.cumsum(ranked.entry_probs) * 40)
    expected = np.bincount(cell, weights=final.probs, minlength=40) * 10_000

    drawn = [draw(ranked, luck(77, position)) for position in range(10_000)]

    counts = np.bincount(cell[drawn], minlength=40)
    assert final.size > 1000
    assert (final.probs[drawn] > 0).all()
    assert (((counts - expected) ** 2) / expected).sum() < 72.05  # 39 degrees of freedom, 999 of 1,000


def test_draws_at_consecutive_positions_are_independent() -> None:
    """The pairs of 20,000 draws from four equal tokens fill all sixteen cells evenly."""
    final = Distribution.of_logits(np.zeros(4))
    drawn = [draw(final, luck(7, position)) for position in range(20_000)]

    pairs = Counter(zip(drawn[::2], drawn[1::2], strict=True))

    chi_square = sum((pairs[one, two] - 625) ** 2 / 625 for one in range(4) for two in range(4))  # 10,000 ÷ 16
    assert chi_square < 37.70  # 15 degrees of freedom, 999 of 1,000


@given(trace=traces(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_a_setting_that_keeps_the_order_shares_its_luck(trace: Trace, seed: int) -> None:
    """A cut never draws a lower-ranked token under the same luck: a difference is the parameter's, not the dice's."""
    wide = trace.final
    narrow = wide.best(max(1, wide.size // 2))

    assert wide.rank_of(draw(narrow, luck(seed, 0))) <= wide.rank_of(draw(wide, luck(seed, 0)))


def test_a_removed_mass_far_below_rounding_is_not_called_nothing() -> None:
    """e^−60 beside 1 is 8.8e−27: less than what a sum near 1 can tell from 0."""
    trace = trace_chain(np.array([0.0, -60.0, 0.0]), (TopK(2),), StepContext())
    assert trace.links[0].removed_mass == pytest.approx(math.exp(-60) / 2, rel=1e-12)
    assert trace.snapshot().removed_mass == pytest.approx(math.exp(-60) / 2, rel=1e-12)
