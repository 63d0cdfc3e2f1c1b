"""The samplers answer as transformers' own processors do; where they do not, a test of its own says how.

The processors get float64, so that both sides decide by definition and not by rounding; what float32 changes is one of
the differences named below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers
from transformers.generation import logits_process as theirs

from playground.chain import trace_chain
from playground.samplers import ORDERS, all_samplers
from playground.samplers.base import StepContext
from playground.samplers.epsilon_cutoff import EpsilonCutoff
from playground.samplers.logit_bias import LogitBias
from playground.samplers.min_p import MinP
from playground.samplers.no_repeat_ngram import NoRepeatNgram
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature
from playground.samplers.top_h import TopH
from playground.samplers.top_k import TopK
from playground.samplers.top_p import TopP
from playground.samplers.typical_p import TypicalP
from tests.vectors import LARGE, SHAPES, SMALL, rows, softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.numerics import FloatArray
    from playground.samplers.base import Sampler
    from tests.vectors import Rows

Settings = dict[str, float]
BLURRED = ("typical_p", "flat")  # distances from the entropy so alike that float32 ties them, see below
MANY, FEW = 40, 2  # vectors of a shape and size, small ones and large ones

PAIRS: dict[str, tuple[Callable[[float], Any], tuple[float, ...]]] = {
    "temperature": (theirs.TemperatureLogitsWarper, (0.3, 0.7, 1.7)),
    "top_k": (theirs.TopKLogitsWarper, (1, 2, 40)),
    "top_p": (theirs.TopPLogitsWarper, (0.0, 0.117, 0.513, 0.903, 0.991)),
    "min_p": (theirs.MinPLogitsWarper, (0.0113, 0.0517, 0.317)),
    "typical_p": (theirs.TypicalLogitsWarper, (0.117, 0.513, 0.951)),
    "epsilon_cutoff": (theirs.EpsilonLogitsWarper, (0.00031, 0.0117, 0.217)),
    "eta_cutoff": (theirs.EtaLogitsWarper, (0.00031, 0.0117, 0.217)),
}


def answer(processor: Any, logits: Rows, ids: list[list[int]] | None = None, dtype: Any = torch.float64) -> FloatArray:  # noqa: ANN401 (torch)
    """Return what a processor makes of logits, (n, vocab)."""
    history = torch.tensor(ids or [[0]] * len(logits), dtype=torch.int64)
    found: FloatArray = processor(history, torch.tensor(logits, dtype=dtype)).to(torch.float64).numpy()
    return found


def same(found: FloatArray, logits: Rows, chain: tuple[Sampler, ...], ids: list[list[int]] | None = None) -> set[int]:
    """Check each row's kept tokens and probabilities against a chain; return how many tokens rows kept."""
    expected = softmax(found)
    counts = set()
    for row, answered in enumerate(found):
        history = tuple(ids[row]) if ids else ()
        final = trace_chain(logits[row], chain, StepContext(history)).final
        kept = np.flatnonzero(np.isfinite(answered))
        assert sorted(final.token_ids.tolist()) == kept.tolist(), (row, chain)
        np.testing.assert_allclose(final.probs[kept], expected[row][kept], rtol=1e-5, atol=1e-300, err_msg=str(chain))
        counts.add(kept.size)
    return counts


# --- one processor at a time ---


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("key", PAIRS)
def test_a_processor_and_a_sampler_agree(key: str, shape: str) -> None:
    """Over 246 vectors of 2 to 262,144 tokens a setting: the same tokens stay, with the same probabilities."""
    make, values = PAIRS[key]
    counts: set[int] = set()
    for size, count in [*((size, MANY) for size in SMALL), *((size, FEW) for size in LARGE)]:
        logits = rows(shape, size, count)
        for value in values:
            counts |= same(answer(make(value), logits), logits, (all_samplers()[key].from_value(value),))

    assert len(counts) > 3  # they did cut


@pytest.mark.parametrize(
    ("key", "shape"), [(key, shape) for key in PAIRS for shape in SHAPES if (key, shape) != BLURRED]
)
def test_a_processor_and_a_sampler_agree_in_float32(key: str, shape: str) -> None:
    """As ``generate`` calls them; over vectors of up to 500 tokens no rounding decides."""
    make, values = PAIRS[key]
    for size in SMALL:
        logits = rows(shape, size, MANY + 1)
        for value in values:
            found = answer(make(value), logits, dtype=torch.float32)
            same(found, logits, (all_samplers()[key].from_value(value),))


@pytest.mark.parametrize("shape", SHAPES)
def test_top_h_is_theirs_behind_top_k_100(shape: str) -> None:
    """Their Top-H sees only the 100 best tokens: behind a top-k of 100 ours does too, and then they agree."""
    for size, count in [*((size, MANY) for size in SMALL), *((size, FEW) for size in LARGE)]:
        logits = rows(shape, size, count)
        for value in (0.217, 0.417, 0.817):
            same(answer(theirs.TopHLogitsWarper(value), logits), logits, (TopK(100), TopH(value)))


@pytest.mark.parametrize("shape", SHAPES)
def test_repetition_penalty_agrees(shape: str) -> None:
    """Tokens of the history, some of them several times, above and below 0."""
    for size in (*SMALL, LARGE[0]):
        logits = rows(shape, size, MANY if size < LARGE[0] else FEW)
        ids = np.random.default_rng(size).integers(0, size, (len(logits), 30)).tolist()
        for value in (0.7, 1.1, 1.9):
            found = answer(theirs.RepetitionPenaltyLogitsProcessor(value), logits, ids)
            same(found, logits, (RepetitionPenalty(value),), ids)


@pytest.mark.parametrize("prompt_length", [0, 7, 30])
def test_repetition_penalty_without_the_prompt_agrees(prompt_length: int) -> None:
    """Their ``prompt_ignore_length`` is our ``include_prompt`` false."""
    logits = rows("peaked", 50, MANY)
    ids = np.random.default_rng(8).integers(0, 50, (MANY, 30))
    found = answer(
        theirs.RepetitionPenaltyLogitsProcessor(1.3, prompt_ignore_length=prompt_length), logits, ids.tolist()
    )

    for row, history in enumerate(ids.tolist()):
        context = StepContext(tuple(history), prompt_length)
        final = trace_chain(logits[row], (RepetitionPenalty(1.3, include_prompt=False),), context).final
        np.testing.assert_allclose(final.probs, softmax(found[row]), rtol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_no_repeat_ngram_agrees(size: int) -> None:
    """Over 300 histories of few tokens, which repeat themselves."""
    logits = rows("hump", 50, 300)
    counts: set[int] = set()
    for length in (1, 4, 40):
        ids = np.random.default_rng(length).integers(0, 4, (300, length)).tolist()
        found = answer(theirs.NoRepeatNGramLogitsProcessor(size), logits, ids)
        counts |= same(found, logits, (NoRepeatNgram(size),), ids)

    assert len(counts) > 1


def test_biases_and_bans_agree() -> None:
    """Their ``sequence_bias`` and ``bad_words_ids``, with sequences of one token."""
    logits = rows("hump", 50, MANY)
    biased = answer(theirs.SequenceBiasLogitsProcessor({(3,): 1.5, (7,): -2.0, (49,): 30.0}), logits)
    banned = answer(theirs.NoBadWordsLogitsProcessor([[3], [7]]), logits)

    same(biased, logits, (LogitBias(((3, 1.5), (7, -2.0), (49, 30.0))),))
    same(banned, logits, (LogitBias(((3, False), (7, False))),))


# --- the chain ---


@pytest.fixture(scope="module")
def model() -> Any:  # noqa: ANN401 (of transformers)
    """Return a model of a few kilobytes, for its list of processors."""
    config = transformers.GPT2Config(vocab_size=50, n_positions=64, n_embd=8, n_layer=1, n_head=1)
    return transformers.GPT2LMHeadModel(config)


def processors(model: Any, **settings: Any) -> Any:  # noqa: ANN401 (of transformers)
    """Return the list of processors that ``generate`` would use."""
    config = transformers.GenerationConfig(do_sample=True, **{"top_k": 0} | settings)
    return model._get_logits_processor(config, input_ids_seq_length=10, device="cpu")


EVERYTHING: dict[str, Any] = {
    "repetition_penalty": 1.3,
    "no_repeat_ngram": 3,
    "temperature": 0.7,
    "top_h": 0.9,
    "top_k": 40,
    "top_p": 0.93,
    "min_p": 0.011,
    "typical_p": 0.93,
    "epsilon_cutoff": 0.003,
    "eta_cutoff": 0.0041,
}


def in_their_words(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings under the names that transformers gives them."""
    theirs_are = {"no_repeat_ngram": "no_repeat_ngram_size", "logit_bias": "sequence_bias"}
    return {theirs_are.get(key, key): value for key, value in settings.items()}


def test_our_order_is_the_order_of_their_list(model: Any) -> None:  # noqa: ANN401 (of transformers)
    """All that both have, in the order in which ``generate`` builds its list."""
    listed = processors(model, **in_their_words(EVERYTHING), sequence_bias={(3,): 1.0})
    names = {
        "SequenceBiasLogitsProcessor": "logit_bias",
        "RepetitionPenaltyLogitsProcessor": "repetition_penalty",
        "NoRepeatNGramLogitsProcessor": "no_repeat_ngram",
        "TemperatureLogitsWarper": "temperature",
        "TopHLogitsWarper": "top_h",
        "TopKLogitsWarper": "top_k",
        "TopPLogitsWarper": "top_p",
        "MinPLogitsWarper": "min_p",
        "TypicalLogitsWarper": "typical_p",
        "EpsilonLogitsWarper": "epsilon_cutoff",
        "EtaLogitsWarper": "eta_cutoff",
    }
    found = [names[type(item).__name__] for item in listed]

    assert set(found) == {*EVERYTHING, "logit_bias"}
    assert found == [key for key in ORDERS["transformers"] if key in found]


@pytest.mark.parametrize("shape", SHAPES)
def test_whole_chains_agree(model: Any, shape: str) -> None:  # noqa: ANN401 (of transformers)
    """Any choice of settings in transformers' order, over vectors of at most 100 tokens, where Top-H is the same."""
    rng = np.random.default_rng(SHAPES.index(shape))
    for size in (7, 50, 100):
        logits = rows(shape, size, 12)
        ids = rng.integers(0, min(size, 5), (len(logits), 20)).tolist()
        for _ in range(12):
            chosen = {
                key: EVERYTHING[key] for key in ORDERS["transformers"] if key in EVERYTHING and rng.random() < 0.6
            }
            chain = tuple(all_samplers()[key].from_value(value) for key, value in chosen.items())
            same(answer(processors(model, **in_their_words(chosen)), logits, ids), logits, chain, ids)


@pytest.mark.parametrize("size", LARGE)
def test_the_usual_chain_agrees_on_large_vocabularies(model: Any, size: int) -> None:  # noqa: ANN401 (of transformers)
    """Repetition penalty, temperature, top-k, top-p and min-p."""
    usual = {key: EVERYTHING[key] for key in ("repetition_penalty", "temperature", "top_k", "top_p", "min_p")}
    for shape in SHAPES:
        logits = rows(shape, size, FEW)
        ids = np.random.default_rng(size).integers(0, size, (FEW, 300)).tolist()
        chain = tuple(all_samplers()[key].from_value(value) for key, value in usual.items())
        same(answer(processors(model, **usual), logits, ids), logits, chain, ids)


# --- where they differ ---


def kept_by(
    processor: Any,  # noqa: ANN401 (of transformers)
    logits: list[float] | FloatArray,
    ids: list[int] | None = None,
    dtype: Any = torch.float64,  # noqa: ANN401 (torch)
) -> list[int]:
    """Return the tokens that a processor keeps of one vector."""
    row = np.array([logits], dtype=np.float32)
    kept: list[int] = np.flatnonzero(np.isfinite(answer(processor, row, [ids] if ids else None, dtype)[0])).tolist()
    return kept


def kept_here(sampler: Sampler, logits: list[float] | FloatArray, ids: tuple[int, ...] = ()) -> list[int]:
    """Return the tokens that a sampler keeps of one vector."""
    return sorted(trace_chain(np.array(logits), (sampler,), StepContext(ids)).final.token_ids.tolist())


def test_they_keep_every_token_tied_with_the_kth() -> None:
    """Top-k 2 of 3, 1, 1, 1, 0: they keep four tokens, we keep two."""
    logits = [3.0, 1.0, 1.0, 1.0, 0.0]

    assert kept_by(theirs.TopKLogitsWarper(2), logits) == [0, 1, 2, 3]
    assert kept_here(TopK(2), logits) == [0, 1]


def test_they_keep_every_token_tied_with_the_last_typical_one() -> None:
    """Of four equal tokens p = 0.5 takes two; they keep all four."""
    assert kept_by(theirs.TypicalLogitsWarper(0.5), [0.0] * 4) == [0, 1, 2, 3]
    assert kept_here(TypicalP(0.5), [0.0] * 4) == [0, 1]


def test_they_keep_the_last_ones_of_a_tie_in_top_p() -> None:
    """Of four equal tokens p = 0.6 takes three: their rising sort keeps the highest ids."""
    assert kept_by(theirs.TopPLogitsWarper(0.6), [0.0] * 4) == [1, 2, 3]
    assert kept_here(TopP(0.6), [0.0] * 4) == [0, 1, 2]


def test_on_an_exact_boundary_rounding_decides_there_and_not_here() -> None:
    """Of n equal tokens p = k ÷ n is reached by exactly k: that many stay here, and k or k + 1 there."""
    ours, expected = [], []
    for size in range(2, 40):
        for k in range(1, size):
            ours.append(len(kept_here(TopP(k / size), [0.0] * size)) - k)
            expected.append(len(kept_by(theirs.TopPLogitsWarper(k / size), [0.0] * size, dtype=torch.float32)) - k)

    assert set(ours) == {0}
    assert set(expected) == {0, 1}


def test_they_keep_all_of_a_tie_below_epsilon() -> None:
    """None of three equal tokens reaches 0.4: they keep all, we keep the lowest id."""
    assert kept_by(theirs.EpsilonLogitsWarper(0.4), [0.0] * 3) == [0, 1, 2]
    assert kept_here(EpsilonCutoff(0.4), [0.0] * 3) == [0]


def test_they_can_remove_every_token() -> None:
    """Both tokens have appeared: at n = 1 they leave nothing to draw, we leave the best."""
    assert kept_by(theirs.NoRepeatNGramLogitsProcessor(1), [1.0, 2.0], [0, 1]) == []
    assert kept_here(NoRepeatNgram(1), [1.0, 2.0], (0, 1)) == [1]
    assert kept_by(theirs.NoBadWordsLogitsProcessor([[0], [1]]), [1.0, 2.0]) == []


def test_their_top_h_sees_a_hundred_tokens() -> None:
    """Of 1,000 equal tokens half of the entropy is 500 of them; they find half of 100."""
    tilted = np.linspace(0.001, 0, 1000)

    assert len(kept_here(TopH(0.5), tilted)) == pytest.approx(500, abs=2)
    assert len(kept_by(theirs.TopHLogitsWarper(0.5), tilted)) == pytest.approx(50, abs=2)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_they_refuse_temperature_zero(value: float) -> None:
    """Greedy is ``do_sample=False`` there."""
    with pytest.raises(ValueError, match="strictly positive"):
        theirs.TemperatureLogitsWarper(value)
    assert kept_here(Temperature(0.0), [1.0, 2.0]) == [1]


def test_in_float32_they_confuse_tokens_that_are_about_as_typical() -> None:
    """Surprisals of 6.2 ± 0.02, where float32 has steps of 5 × 10⁻⁷: now and then another token is the last to stay."""
    differing = 0
    for size in SMALL:
        logits = rows("flat", size, 61)
        found = answer(theirs.TypicalLogitsWarper(0.117), logits, dtype=torch.float32)
        for row, answered in enumerate(found):
            trace = trace_chain(logits[row], (TypicalP(0.117),), StepContext())
            apart = np.flatnonzero((trace.final.probs > 0) != np.isfinite(answered))
            distances = np.abs(np.log(trace.model.probs[apart]) + trace.model.entropy_nats)
            assert apart.size <= 2
            assert not apart.size or np.ptp(distances) < 2e-6
            differing += apart.size

    assert 0 < differing <= 10


@pytest.mark.parametrize(
    ("processor", "sampler", "most"),
    [
        (theirs.TopPLogitsWarper(0.903), TopP(0.903), 2e-4),
        (theirs.TypicalLogitsWarper(0.903), TypicalP(0.903), 2e-4),
        (theirs.MinPLogitsWarper(0.0517), MinP(0.0517), 1e-6),
        (theirs.EpsilonLogitsWarper(0.0000117), EpsilonCutoff(0.0000117), 1e-5),
    ],
)
def test_in_float32_they_miss_a_sliver(processor: Any, sampler: Sampler, most: float) -> None:  # noqa: ANN401 (of transformers)
    """Sums of 262,144 rounded numbers: the tokens on which the two differ hold next to nothing, and lie at the edge."""
    for shape in ("flat", "hump"):
        logits = rows(shape, LARGE[-1], FEW)
        found = answer(processor, logits, dtype=torch.float32)
        for row, answered in enumerate(found):
            trace = trace_chain(logits[row], (sampler,), StepContext())
            one, other = trace.final.probs > 0, np.isfinite(answered)
            assert trace.model.probs[one != other].sum() <= most
