"""One logits vector: rank order, probabilities, entropy and the shortlists agree with arithmetic done the long way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from playground.numerics import Distribution, FloatArray, IntArray, RawArray, rank_prefix
from playground.ranking import SAMPLE, crossing

MODEL_TYPES = ("float16", "float32", "float64")
EIGHTHS = np.log([0.5, 0.25, 0.125, 0.125])  # hand-checkable, with a tie at the end


@dataclass(frozen=True)
class Vector:
    """Recipe of a logits vector, small enough for a failing example to be read."""

    seed: int
    size: int
    levels: int  # distinct values at most: 1 makes every token a tie
    absent: float  # share of tokens at −inf
    arrangement: str
    dtype: str

    def build(self) -> RawArray:
        """Return the vector, (size,); token 0 of the unarranged one is always finite."""
        rng = np.random.default_rng(self.seed)
        logits = rng.integers(0, self.levels, self.size).astype(np.float64) / 8 - 10
        logits[np.concatenate([[False], rng.random(self.size - 1) < self.absent])] = -np.inf
        if self.arrangement == "rising":
            logits.sort()
        if self.arrangement == "falling":
            logits = np.sort(logits)[::-1].copy()
        return logits.astype(self.dtype)


def vectors(sizes: st.SearchStrategy[int]) -> st.SearchStrategy[Vector]:
    """Draw vectors of these sizes."""
    return st.builds(
        Vector,
        seed=st.integers(0, 2**32 - 1),
        size=sizes,
        levels=st.sampled_from([1, 2, 30, 2000]),
        absent=st.sampled_from([0.0, 0.3, 1.0]),
        arrangement=st.sampled_from(["shuffled", "rising", "falling"]),
        dtype=st.sampled_from(MODEL_TYPES),
    )


FEW = st.integers(1, 40)
SMALL = vectors(FEW)
VECTORS = vectors(FEW | st.sampled_from([SAMPLE - 1, SAMPLE, SAMPLE + 1, 2 * SAMPLE, 50_000]))
COUNTS = st.sampled_from([1, 2, 7, 40, 64, 256, 1000, 50_000])


def full_order(logits: RawArray) -> IntArray:
    """Return the indices by falling logit, on a tie by rising index, from one sort over everything."""
    return np.lexsort((np.arange(logits.size), -logits.astype(np.float64)))


def softmax(logits: RawArray) -> FloatArray:
    """Return probabilities in float64; the sum is rounded once."""
    wide = logits.astype(np.float64)
    weights = np.exp(wide - wide.max())
    probs: FloatArray = weights / math.fsum(weights.tolist())
    return probs


@given(vector=VECTORS, count=COUNTS)
@settings(max_examples=150)
@example(vector=Vector(0, 50_000, 2000, 0.0, "rising", "float32"), count=1)
@example(vector=Vector(0, 50_000, 2000, 0.0, "falling", "float32"), count=1000)
@example(vector=Vector(0, 50_000, 1, 0.0, "shuffled", "float32"), count=40)
def test_rank_prefix_is_the_start_of_a_full_sort(vector: Vector, count: int) -> None:
    """The shortlist is exact: the same tokens in the same places as after sorting all of them, ties included."""
    logits = vector.build()

    found = rank_prefix(logits, count)

    assert found.tolist() == full_order(logits)[:count].tolist()


@pytest.mark.parametrize("high", [0, 1])
def test_rank_prefix_survives_a_sample_that_misleads(high: int) -> None:
    """Where only sampled places, or only places between them, hold high logits, the answer is still exact."""
    # 50,000 // 4096 = 12: the sample looks at places 0, 12, 24, …; with high = 0 all 4,167 of them hold high logits.
    # For 1,000 tokens the floor is the sample's 173rd, ceil(2064 × 4167 / 50000), and only 173 tokens reach it.
    logits = np.random.default_rng(5).random(50_000)
    logits[high::12] += 10

    found = rank_prefix(logits, 1000)

    assert found.tolist() == full_order(logits)[:1000].tolist()
    assert set((found % 12).tolist()) == {high}


def test_rank_prefix_of_more_than_all_is_all() -> None:
    """A count beyond the vocabulary ranks every token."""
    found = rank_prefix(np.array([1.0, 3.0, 3.0, 2.0]), 9)

    assert found.tolist() == [1, 2, 3, 0]


@given(vector=VECTORS, count=COUNTS)
@settings(max_examples=60)
def test_best_keeps_the_first_in_rank_order(vector: Vector, count: int) -> None:
    """``best`` holds the first of the finite tokens under their own ids; a token at −inf is never among them."""
    logits = vector.build()
    finite = int(np.isfinite(logits).sum())

    head = Distribution.of_logits(logits).best(count)

    assert head.token_ids.tolist() == full_order(logits)[: min(count, finite)].tolist()
    assert head.logits.tolist() == logits.astype(np.float64)[head.token_ids].tolist()


def test_best_of_a_ranked_distribution_is_its_start() -> None:
    """Cutting twice is cutting once; a cut that removes nothing returns the same object."""
    head = Distribution.of_logits(np.array([1.0, 4.0, 2.0, 4.0])).best(3)

    assert head.best(2).token_ids.tolist() == [1, 3]  # a tie at 4: the lower id first
    assert head.best(3) is head


@given(vector=VECTORS, mass=st.floats(0, 1))
@settings(max_examples=60)
def test_cover_is_a_ranked_prefix_that_reaches_the_mass(vector: Vector, mass: float) -> None:
    """``cover`` ranks until the running sum reaches the mass, or until nothing is left."""
    logits = vector.build()

    prefix, running = Distribution.of_logits(logits).cover(mass)

    order = full_order(logits)[: prefix.size]
    assert prefix.token_ids.tolist() == order.tolist()
    assert running == pytest.approx(np.cumsum(softmax(logits)[order]), abs=1e-12)
    assert running[-1] >= mass or prefix.size == np.isfinite(logits).sum()


@pytest.mark.parametrize(("mass", "needed", "most"), [(0.005, 50, 256), (0.026, 260, 4096), (0.3, 3000, 4096)])
def test_cover_does_not_rank_everything(mass: float, needed: int, most: int) -> None:
    """Over 10,000 equal tokens a mass takes 10,000 × mass of them; it ranks 256 at first, then 16 × 256 = 4,096."""
    prefix, running = Distribution.of_logits(np.zeros(10_000)).cover(mass)

    assert needed <= prefix.size == running.size <= most


@given(vector=SMALL)
def test_rank_of_is_the_place_in_a_full_sort(vector: Vector) -> None:
    """Every token in play has its own rank, 1 for the best, whether or not the entries stand in rank order."""
    logits = vector.build()
    plain = Distribution.of_logits(logits)
    order = full_order(logits)[: plain.size].tolist()

    assert [plain.rank_of(token) for token in order] == list(range(1, plain.size + 1))
    assert [plain.best(plain.size).rank_of(token) for token in order] == list(range(1, plain.size + 1))


@given(vector=SMALL, count=COUNTS)
def test_locate_finds_each_token_in_play_and_no_other(vector: Vector, count: int) -> None:
    """An entry index leads back to its token; tokens removed, at −inf or outside the vocabulary are not in play."""
    plain = Distribution.of_logits(vector.build())
    asked = np.arange(-2, vector.size + 2)
    for distribution in (plain, plain.best(count)):
        entries, inside = distribution.locate(asked)

        assert asked[inside].tolist() == sorted(distribution.token_ids.tolist())
        assert distribution.token_ids[entries[inside]].tolist() == asked[inside].tolist()


@given(vector=VECTORS, count=COUNTS)
@settings(max_examples=60)
def test_probs_are_the_softmax_of_the_tokens_in_play(vector: Vector, count: int) -> None:
    """Dense probabilities, those per entry and those asked for agree with a softmax in float64."""
    logits = vector.build()
    head = Distribution.of_logits(logits).best(count)
    expected = np.zeros(vector.size)
    expected[head.token_ids] = softmax(logits[head.token_ids])

    assert head.probs == pytest.approx(expected, abs=1e-12)
    assert math.fsum(head.probs.tolist()) == pytest.approx(1, abs=1e-9)
    assert np.array_equal(head.entry_probs, head.probs[head.token_ids])
    assert np.array_equal(head.probs_of(np.arange(vector.size)), head.probs)


def test_probs_cannot_be_written_to() -> None:
    """The dense probabilities are shared by everyone who asks, so nobody may write to them."""
    probs = Distribution.of_logits(EIGHTHS).probs

    with pytest.raises(ValueError, match="read-only"):
        probs[0] = 1.0


@pytest.mark.parametrize(
    ("probs", "bits"),
    [
        ([0.5, 0.25, 0.125, 0.125], 1.75),  # 0.5×1 + 0.25×2 + 2 × 0.125×3 = 0.5 + 0.5 + 0.75
        ([0.125] * 8, 3.0),  # log2 of 8
        ([0.75, 0.25], 0.811278),  # 0.75×0.415037 + 0.25×2 = 0.311278 + 0.5
        ([1.0], 0.0),
    ],
)
def test_entropy_is_shannons_in_bits(probs: list[float], bits: float) -> None:
    """Entropy is the mean of −log2 p, and adding 100 to every logit leaves it."""
    assert Distribution.of_logits(np.log(probs)).entropy_bits == pytest.approx(bits, abs=1e-6)
    assert Distribution.of_logits(np.log(probs) + 100).entropy_bits == pytest.approx(bits, abs=1e-6)


@given(vector=VECTORS)
@settings(max_examples=60)
def test_entropy_agrees_with_the_sum_over_all_tokens(vector: Vector) -> None:
    """Entropy runs over every token in play, tail included."""
    logits = vector.build()
    probs = softmax(logits)
    expected = -math.fsum(share * math.log2(share) for share in probs.tolist() if share)

    assert Distribution.of_logits(logits).entropy_bits == pytest.approx(expected, abs=1e-9)


@given(vector=SMALL, temperature=st.floats(0.05, 5))
def test_temperature_divides_the_logits(vector: Vector, temperature: float) -> None:
    """Probabilities at a temperature are the softmax of logits ÷ temperature, and the order of tokens stays."""
    logits = vector.build().astype(np.float64)
    plain = Distribution.of_logits(logits)

    warm = plain.at_temperature(temperature)

    assert warm.probs == pytest.approx(softmax(logits / temperature), abs=1e-9)
    assert warm.best(7).token_ids.tolist() == plain.best(7).token_ids.tolist()


def test_two_temperatures_multiply() -> None:
    """Temperature 0.5 upon temperature 4 is temperature 2."""
    twice = Distribution.of_logits(np.array([4.0, 2.0, 0.0])).at_temperature(4).at_temperature(0.5)

    assert twice.logits.tolist() == [2.0, 1.0, 0.0]


@given(vector=SMALL, count=COUNTS, picked=st.integers(0, 2**40))
def test_only_keeps_what_the_mask_names(vector: Vector, count: int, picked: int) -> None:
    """The other entries go, the order stays; of none the best is left, and all of them is the same object."""
    for whole in (Distribution.of_logits(vector.build()), Distribution.of_logits(vector.build()).best(count)):
        mask = np.array([bool(picked >> entry & 1) for entry in range(whole.size)])
        left = whole.only(mask)

        expected = whole.token_ids[mask].tolist() or whole.best(1).token_ids.tolist()
        assert left.token_ids.tolist() == expected
        assert left.logits.tolist() == whole.logits[whole.locate(left.token_ids)[0]].tolist()
        assert (left is whole) == (left.size == whole.size)


@given(vector=SMALL, count=COUNTS)
def test_by_id_is_the_same_in_the_order_of_ids(vector: Vector, count: int) -> None:
    """The same tokens with the same logits; what stands so already is the same object."""
    ranked = Distribution.of_logits(vector.build()).best(count)
    plain = ranked.by_id()

    assert plain.token_ids.tolist() == sorted(ranked.token_ids.tolist())
    assert plain.probs == pytest.approx(ranked.probs, abs=1e-12)
    assert plain.by_id() is plain


def test_added_amounts_reach_their_tokens() -> None:
    """Behind a ranking too; tokens out of play are passed over, amounts for one token add up, and 0 is no change."""
    ranked = Distribution.of_logits(np.array([1.0, 4.0, 2.0, 3.0])).best(3)  # tokens 1, 3, 2

    changed = ranked.with_added(np.array([2, 0, 9, 1, 2]), np.array([0.5, 7.0, 7.0, -1.0, 0.25]))

    assert dict(zip(changed.token_ids.tolist(), changed.logits.tolist(), strict=True)) == {1: 3.0, 2: 2.75, 3: 3.0}
    assert ranked.with_added(np.array([0, 9]), np.array([1.0, 1.0])) is ranked
    assert ranked.with_added(np.array([1]), np.array([0.0])) is ranked


@pytest.mark.parametrize("spread", [0.01, 2.0])
@pytest.mark.parametrize("mass", [0.05, 0.5, 0.999])
def test_a_crossing_in_bins_is_that_of_a_full_sort(spread: float, mass: float) -> None:
    """What is above, and then the edge in its order, is the head of the full rank order; the sums agree."""
    logits = np.random.default_rng(7).normal(0, spread, 60_000).astype(np.float32)
    logits[::7] = logits[0]  # ties by the thousand
    whole = Distribution.of_logits(logits)
    order = np.lexsort((np.arange(logits.size), -logits))
    running = np.cumsum(whole.entry_probs[order])
    found = whole.reach(mass)
    before = 0 if found.above is None else int(found.above.sum())
    if found.above is not None:
        assert set(np.flatnonzero(found.above).tolist()) == set(order[:before].tolist())
    assert found.edge.tolist() == order[before : before + found.edge.size].tolist()
    assert found.running == pytest.approx(running[before : before + found.edge.size], rel=1e-12)
    assert found.running[-1] >= mass
    kept = int(np.searchsorted(found.running, mass)) + 1
    assert set(whole.first(found, kept).token_ids.tolist()) == set(order[: before + kept].tolist())


def test_a_crossing_that_rounding_could_decide_is_ranked_in_full() -> None:
    """A thousand equal tokens add up to exactly a half at the five hundredth, in rank order."""
    found = Distribution.of_logits(np.zeros(1000)).reach(0.5)
    assert found.above is None
    assert found.edge.tolist() == list(range(1000))
    near = crossing(np.arange(1000.0), lambda part: np.full(1000, 0.001)[part], 0.5)
    assert near.above is None


def test_new_logits_reach_the_tokens_they_were_made_for() -> None:
    """New logits for ranked entries stay with their tokens and replace the temperature along with the old logits."""
    ranked = Distribution.of_logits(np.array([1.0, 4.0, 2.0, 3.0])).best(3).at_temperature(2)  # tokens 1, 3, 2

    changed = ranked.with_logits(np.array([5.0, 7.0, 6.0]))

    assert dict(zip(changed.token_ids.tolist(), changed.logits.tolist(), strict=True)) == {1: 5.0, 3: 7.0, 2: 6.0}
    assert changed.best(3).token_ids.tolist() == [3, 2, 1]


def test_new_logits_are_not_divided_by_an_old_temperature() -> None:
    """Temperature 2 was at work before; what is given now is final."""
    warm = Distribution.of_logits(np.array([1.0, 4.0])).at_temperature(2)

    assert warm.with_logits(np.array([5.0, 7.0])).logits.tolist() == [5.0, 7.0]


@pytest.mark.parametrize("dtype", MODEL_TYPES)
@pytest.mark.parametrize(
    "logits", [[0.0, math.nan], [math.nan, -math.inf], [math.inf, 0.0], [math.inf, -math.inf], [-math.inf, -math.inf]]
)
def test_logits_that_are_no_answer_are_refused(logits: list[float], dtype: str) -> None:
    """NaN, +inf or nothing but −inf is a damaged model, not a distribution."""
    with pytest.raises(FloatingPointError, match="NaN or"):
        Distribution.of_logits(np.array(logits, dtype=dtype))


def test_tokens_at_minus_infinity_are_out_of_play() -> None:
    """They have no entry, no probability and no share in the sum; the vocabulary keeps its width."""
    logits = np.array([-np.inf, math.log(0.75), -np.inf, math.log(0.25)])

    found = Distribution.of_logits(logits)

    assert (found.size, found.vocab_size, found.token_ids.tolist()) == (2, 4, [1, 3])
    assert found.probs == pytest.approx([0, 0.75, 0, 0.25], abs=1e-15)


@pytest.mark.parametrize("dtype", MODEL_TYPES)
def test_arithmetic_is_in_float64_and_leaves_the_models_array(dtype: str) -> None:
    """Whatever a model answers in, sums are in float64, and the array is the model's own afterwards."""
    logits = np.array([2.0, -1.0, 0.5], dtype=dtype)
    found = Distribution.of_logits(logits)

    found.at_temperature(0.5).logits[0] = 99.0
    found.logits[0] = 99.0

    assert found.logits.dtype == found.probs.dtype == np.float64
    assert logits.tolist() == [2.0, -1.0, 0.5]


def test_what_is_not_in_play_ranks_last_by_id() -> None:
    """As a full sort of the logits has it, where −inf is the lowest."""
    logits = np.array([1.0, -np.inf, 3.0, -np.inf, 2.0, -np.inf], np.float32)
    found = Distribution.of_logits(logits)
    assert [found.rank_of(token) for token in range(6)] == [3, 4, 1, 5, 2, 6]
