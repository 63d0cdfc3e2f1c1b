"""The samplers answer as llama.cpp's own do; where they do not, a test of its own says how.

Its samplers work on an array of tokens that is made here by hand, in float32, and never see a model.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llama_cpp
import numpy as np
import pytest

from playground.backends.llamacpp import load
from playground.catalog import read_catalog
from playground.chain import trace_chain
from playground.samplers import ORDERS, all_samplers
from playground.samplers.base import StepContext
from playground.samplers.dry import Dry
from playground.samplers.frequency_penalty import FrequencyPenalty
from playground.samplers.logit_bias import LogitBias
from playground.samplers.mirostat import Mirostat
from playground.samplers.presence_penalty import PresencePenalty
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import SMALLEST, Temperature
from playground.samplers.typical_p import TypicalP
from playground.samplers.xtc import Xtc
from tests.vectors import LARGE, SHAPES, SMALL, rows, softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playground.numerics import FloatArray
    from playground.samplers.base import Sampler
    from tests.vectors import Rows

MANY, FEW = 40, 2  # vectors of a shape and size, small ones and large ones
NIL = 1e-30  # a probability so small that float32 has too few digits for its logit
HARD_FOR_THEM = {("typical_p", "flat"), ("typical_p", "ruled out")}  # see the end of this file for these
SUMS = {"top_p", "typical_p", "top_n_sigma"}  # they add up the whole vocabulary in float32: the same
TOKEN = np.dtype([("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])  # llama_token_data
NOTHING = StepContext()

MAKE: dict[str, Callable[[float], Any]] = {
    "temperature": llama_cpp.llama_sampler_init_temp,
    "top_k": lambda k: llama_cpp.llama_sampler_init_top_k(int(k)),
    "top_p": lambda p: llama_cpp.llama_sampler_init_top_p(p, 0),
    "min_p": lambda p: llama_cpp.llama_sampler_init_min_p(p, 0),
    "typical_p": lambda p: llama_cpp.llama_sampler_init_typical(p, 0),
    "top_n_sigma": llama_cpp.llama_sampler_init_top_n_sigma,
    "xtc": lambda threshold: llama_cpp.llama_sampler_init_xtc(1.0, threshold, 0, 1),
}
VALUES: dict[str, tuple[float, ...]] = {
    "temperature": (0.0, 0.3, 1.7),
    "top_k": (1, 2, 40, 1000),
    "top_p": (0.0, 0.117, 0.513, 0.903, 0.991),
    "min_p": (0.0113, 0.0517, 0.317),
    "typical_p": (0.117, 0.513, 0.951),
    "top_n_sigma": (0.517, 1.03, 2.71),
    "xtc": (0.0113, 0.117, 0.317),
}


def ours(key: str, value: float) -> Sampler:
    """Return our sampler with its main number."""
    return Xtc(1.0, threshold=value) if key == "xtc" else all_samplers()[key].from_value(value)


@contextmanager
def chained(*samplers: Any) -> Iterator[Any]:  # noqa: ANN401 (a pointer)
    """Put llama.cpp's samplers into a chain, and free them with it."""
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    for sampler in samplers:
        llama_cpp.llama_sampler_chain_add(chain, sampler)
    try:
        yield chain
    finally:
        llama_cpp.llama_sampler_free(chain)


def apply(sampler: Any, logits: FloatArray | Rows) -> tuple[Any, int]:  # noqa: ANN401 (a structured array)
    """Return what a sampler leaves of one vector, as an array of tokens, and the place that it selected."""
    tokens = np.zeros(logits.size, TOKEN)
    tokens["id"], tokens["logit"] = np.arange(logits.size), logits
    pointer = tokens.ctypes.data_as(llama_cpp.llama_token_data_p)
    array = llama_cpp.llama_token_data_array(data=pointer, size=tokens.size, selected=-1, sorted=False)
    llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))
    moved = (ctypes.cast(array.data, ctypes.c_void_p).value or 0) - tokens.ctypes.data
    first = moved // TOKEN.itemsize
    return tokens[first : first + array.size].copy(), array.selected


def answer(sampler: Any, logits: FloatArray | Rows) -> FloatArray:  # noqa: ANN401 (a pointer)
    """Return the logits that a sampler makes of one vector, (vocab,), −inf where it removes."""
    left, _ = apply(sampler, logits)
    found = np.full(logits.size, -np.inf)
    found[left["id"]] = left["logit"]
    return found


def same(sampler: Any, logits: Rows, chain: tuple[Sampler, ...], context: StepContext = NOTHING) -> set[int]:  # noqa: ANN401 (a pointer)
    """Check each row's kept tokens and probabilities against a chain; return how many tokens rows kept."""
    counts = set()
    for row in logits:
        found = answer(sampler, row)
        final = trace_chain(row, chain, context).final
        kept = np.flatnonzero(np.isfinite(found))
        assert sorted(final.token_ids.tolist()) == kept.tolist(), chain
        np.testing.assert_allclose(final.probs[kept], softmax(found)[kept], rtol=1e-5, atol=NIL, err_msg=str(chain))
        counts.add(kept.size)
    return counts


def accept(sampler: Any, history: tuple[int, ...]) -> None:  # noqa: ANN401 (a pointer)
    """Tell a sampler what was written."""
    for token in history:
        llama_cpp.llama_sampler_accept(sampler, token)


# --- one sampler at a time ---


@pytest.mark.parametrize(
    ("key", "shape"), [(key, shape) for key in MAKE for shape in SHAPES if (key, shape) not in HARD_FOR_THEM]
)
def test_a_sampler_of_theirs_and_one_of_ours_agree(key: str, shape: str) -> None:
    """Over 240 vectors of 2 to 500 tokens a setting, and large ones: the same tokens with the same probabilities."""
    counts: set[int] = set()
    large = () if key in SUMS else LARGE
    for size, count in [*((size, MANY) for size in SMALL), *((size, FEW) for size in large)]:
        logits = rows(shape, size, count)
        for value in VALUES[key]:
            with chained(MAKE[key](value)) as sampler:
                counts |= same(sampler, logits, (ours(key, value),))

    assert len(counts) > 3  # they did cut


@pytest.mark.parametrize(
    ("temperature", "span", "exponent"), [(0.7, 0.5, 1.0), (1.0, 0.3, 2.0), (1.5, 1.0, 0.5), (0.0, 1.3, 1.0)]
)
def test_dynamic_temperature_agrees(temperature: float, span: float, exponent: float) -> None:
    """The temperature that acts, by what the largest logit was divided; near, as their entropy is in float32."""
    it = Temperature(temperature, range=span, exponent=exponent)
    found: list[float] = []
    with chained(llama_cpp.llama_sampler_init_temp_ext(temperature, span, exponent)) as sampler:
        for shape in ("peaked", "hump", "flat"):
            for size, count in [*((size, MANY) for size in SMALL), (LARGE[1], FEW)]:
                for row in rows(shape, size, count):
                    largest = int(np.abs(row).argmax())
                    model = trace_chain(row, (), NOTHING).final
                    acts = it.at(model)
                    found.append(row[largest] / answer(sampler, row)[largest])
                    assert found[-1] == pytest.approx(
                        acts, rel=2e-4 if size in SMALL else 1e-3, abs=0 if acts else SMALLEST
                    )
                    if acts:
                        logits = it.apply(model, NOTHING).logits
                        assert row[largest] / logits[largest] == pytest.approx(acts)

    assert np.ptp(found) > 0.5 * span


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [1, 20, 64, 500])
def test_penalties_agree(shape: str, window: int) -> None:
    """Repetition, frequency and presence, each alone and all at once: there they are one sampler."""
    rng = np.random.default_rng(window)
    for size in (7, 500, LARGE[1]):
        logits = rows(shape, size, 8)
        for repeat, frequency, presence in ((1.3, 0.0, 0.0), (1.0, 0.37, 0.0), (1.0, 0.0, 0.73), (0.8, 0.21, -0.4)):
            history = tuple(rng.integers(0, size, 120).tolist())
            theirs = llama_cpp.llama_sampler_init_penalties(size, window, repeat, frequency, presence)
            chain = (
                RepetitionPenalty(repeat, window=window),
                FrequencyPenalty(frequency, window=window),
                PresencePenalty(presence, window=window),
            )
            with chained(theirs) as sampler:
                accept(sampler, history)
                same(sampler, logits, chain, StepContext(history))


def test_biases_and_bans_agree() -> None:
    """Two biases for one token add up on both sides."""
    pairs = [(3, 1.5), (7, -2.0), (49, 30.0), (3, -0.25), (11, -np.inf)]
    theirs = (llama_cpp.llama_logit_bias * len(pairs))(*(llama_cpp.llama_logit_bias(*pair) for pair in pairs))

    with chained(llama_cpp.llama_sampler_init_logit_bias(50, len(pairs), theirs)) as sampler:
        same(sampler, rows("hump", 50, MANY), (LogitBias(tuple(pairs)),))


@pytest.mark.parametrize("allowed_length", [0, 1, 2, 5])
@pytest.mark.parametrize("window", [10, 64, 300])
def test_dry_agrees(window: int, allowed_length: int) -> None:
    """Over 60 histories that repeat themselves, of two, three or thirty different tokens."""
    rng = np.random.default_rng(window)
    logits = rows("hump", 50, 60)
    for row in logits:
        history = tuple(rng.integers(0, rng.choice([2, 3, 30]), rng.integers(0, 100)).tolist())
        theirs = llama_cpp.llama_sampler_init_dry(None, 0.8, 1.75, allowed_length, window, None, 0)
        with chained(theirs) as sampler:
            accept(sampler, history)
            same(sampler, row[None], (Dry(0.8, allowed_length=allowed_length, window=window),), StepContext(history))


@pytest.fixture(scope="module")
def smollm2() -> Any:  # noqa: ANN401 (of llama.cpp)
    """Return the model that comes with the installation, for its vocabulary."""
    catalog = read_catalog(Path(__file__).parents[1] / "models.yaml")
    model: Any = load(next(spec for spec in catalog.models if spec.key == "smollm2-135m-instruct"))
    yield model
    model.close()


ECHO = 'Tom: "What is it?"\nAnn: "It is a cat. It is a cat."\n* It is a cat, it is a cat, it is a cat'


@pytest.mark.parametrize(
    "breakers",
    [("\n", ":", '"', "*"), (" cat",), ("at", "is a c"), ("it is",), ("? ", "nowhere"), ('?"\nAnn',), ("é", "…")],
)
def test_dry_agrees_on_breakers(smollm2: Any, breakers: tuple[str, ...]) -> None:  # noqa: ANN401 (of llama.cpp)
    """Breakers that are tokens, parts of them, several of them or none, in a text that repeats itself."""
    raw = (ctypes.c_char_p * len(breakers))(*(text.encode() for text in breakers))
    logits = rows("hump", smollm2.vocab_size, 1)
    ids = smollm2.encode(ECHO, special=False)
    theirs = llama_cpp.llama_sampler_init_dry(smollm2._vocab, 0.8, 1.75, 1, 300, raw, len(breakers))

    with chained(theirs) as sampler:
        for length in range(len(ids) + 1):
            llama_cpp.llama_sampler_reset(sampler)
            accept(sampler, ids[:length])
            context = StepContext(ids[:length], vocabulary=smollm2)
            same(sampler, logits, (Dry(0.8, allowed_length=1, window=300, breakers=breakers),), context)


def test_mirostat_agrees_through_a_run() -> None:
    """Over 300 steps the cut moves as theirs does: told the probabilities of what they drew, we keep what they keep."""
    logits = rows("peaked", 500, 300)
    kept: set[int] = set()
    with chained(llama_cpp.llama_sampler_init_mirostat_v2(7, 3.0, 0.13)) as sampler:
        context = NOTHING
        for row in logits:
            left, place = apply(sampler, row)
            final = trace_chain(row, (Mirostat(3.0, eta=0.13),), context).final
            assert sorted(final.token_ids.tolist()) == sorted(left["id"].tolist())
            np.testing.assert_allclose(final.probs[left["id"]], left["p"], rtol=1e-5)
            context = replace(context, final_probs=(*context.final_probs, float(left["p"][place])))
            kept.add(left.size)

    assert len(kept) > 20  # it did move


# --- the chain ---


def theirs_in_order(settings: dict[str, float], window: int) -> list[Any]:
    """Return llama.cpp's samplers as its own programs put them together (common/common.h, common_params_sampling)."""
    made = [
        llama_cpp.llama_sampler_init_penalties(
            0,
            window,
            settings.get("repetition_penalty", 1.0),
            settings.get("frequency_penalty", 0.0),
            settings.get("presence_penalty", 0.0),
        ),
        llama_cpp.llama_sampler_init_dry(None, settings.get("dry", 0.0), 1.75, 2, window, None, 0),
    ]
    made += [MAKE[key](settings[key]) for key in LLAMA_CPP if key in settings]
    return made


LLAMA_CPP = ("top_n_sigma", "top_k", "typical_p", "top_p", "min_p", "xtc", "temperature")
EVERYTHING: dict[str, float] = {
    "repetition_penalty": 1.3,
    "frequency_penalty": 0.11,
    "presence_penalty": 0.23,
    "dry": 0.8,
    "top_n_sigma": 2.13,
    "top_k": 40,
    "typical_p": 0.93,
    "top_p": 0.93,
    "min_p": 0.011,
    "xtc": 0.117,
    "temperature": 0.7,
}


def ours_in_order(settings: dict[str, float], window: int) -> tuple[Sampler, ...]:
    """Return our samplers in llama.cpp's order."""
    windowed: dict[str, Any] = {"repetition_penalty": RepetitionPenalty, "frequency_penalty": FrequencyPenalty}
    windowed |= {"presence_penalty": PresencePenalty, "dry": Dry}
    chosen = [key for key in ORDERS["llama.cpp"] if key in settings]
    return tuple(
        windowed[key](settings[key], window=window) if key in windowed else ours(key, settings[key]) for key in chosen
    )


def test_our_order_is_the_order_of_their_programs() -> None:
    """Of all that both have; where one of theirs is three of ours, they stand as it applies them."""
    both = ["repetition_penalty", "frequency_penalty", "presence_penalty", "dry", *LLAMA_CPP]

    assert [key for key in ORDERS["llama.cpp"] if key in both] == both
    assert ORDERS["llama.cpp"][0] == "logit_bias"


@pytest.mark.parametrize("shape", ["peaked", "hump", "flat"])
def test_whole_chains_agree(shape: str) -> None:
    """Any choice of settings in llama.cpp's order, but for top-nσ before typical-p, which is NaN there: see below."""
    rng = np.random.default_rng(SHAPES.index(shape))
    for size in (7, 100, 500):
        logits = rows(shape, size, 8)
        for _ in range(12):
            chosen = {key: value for key, value in EVERYTHING.items() if rng.random() < 0.6}
            if "top_n_sigma" in chosen:
                chosen.pop("typical_p", None)
            history = tuple(rng.integers(0, min(size, 5), 70).tolist())
            with chained(*theirs_in_order(chosen, 64)) as sampler:
                accept(sampler, history)
                same(sampler, logits, ours_in_order(chosen, 64), StepContext(history))


@pytest.mark.parametrize("size", LARGE)
def test_the_default_chain_agrees_on_large_vocabularies(size: int) -> None:
    """What its programs do when nothing is said: top-k 40, top-p 0.95, min-p 0.05, temperature 0.8."""
    usual = {"top_k": 40, "top_p": 0.95, "min_p": 0.05, "temperature": 0.8}
    for shape in SHAPES:
        with chained(*theirs_in_order(usual, 64)) as sampler:
            same(sampler, rows(shape, size, FEW), ours_in_order(usual, 64))


# --- where they differ ---


def kept_there(sampler: Any, logits: list[float]) -> list[int]:  # noqa: ANN401 (a pointer)
    """Return the tokens that a sampler of theirs keeps of one vector."""
    with chained(sampler) as chain:
        return np.flatnonzero(np.isfinite(answer(chain, np.array(logits)))).tolist()


def kept_here(sampler: Sampler, logits: list[float]) -> list[int]:
    """Return the tokens that a sampler of ours keeps of one vector."""
    return sorted(trace_chain(np.array(logits), (sampler,), NOTHING).final.token_ids.tolist())


@pytest.mark.parametrize(
    ("key", "value", "count"), [("top_k", 2, 2), ("top_p", 0.6, 3), ("typical_p", 0.6, 3), ("xtc", 0.2, 1)]
)
def test_of_a_tie_they_keep_as_many_but_any(key: str, value: float, count: int) -> None:
    """Their sort promises no order among equals; ours keeps the lower ids (and XTC the last)."""
    kept = kept_here(ours(key, value), [0.0] * 4)

    assert kept == ([3] if key == "xtc" else list(range(count)))
    assert len(kept_there(MAKE[key](value), [0.0] * 4)) == count


def test_their_typical_p_goes_on_where_the_sum_is_exactly_p() -> None:
    """Of two equal tokens one holds 0.5: ours stops there, theirs wants more than p."""
    assert kept_here(TypicalP(0.5), [0.0, 0.0]) == [0]
    assert kept_there(MAKE["typical_p"](0.5), [0.0, 0.0]) == [0, 1]


def test_their_typical_p_cannot_have_tokens_ruled_out() -> None:
    """0 × ln 0 is NaN there, and so is every distance: the order is left to chance. Here such tokens do not count."""
    ruled_out = [*np.log([0.5, 0.25, 0.15, 0.1]).tolist(), -np.inf]

    assert kept_here(TypicalP(0.2), ruled_out) == kept_here(TypicalP(0.2), ruled_out[:4]) == [1]
    assert kept_there(MAKE["typical_p"](0.2), ruled_out[:4]) == [1]
    assert kept_there(MAKE["typical_p"](0.2), ruled_out) != [1]


def test_their_dynamic_temperature_counts_tokens_that_are_ruled_out() -> None:
    """Two equal tokens are as even as can be, T = 1.5; with two more at −inf that is half as even there, T = 1."""
    ruled_out = np.array([3.0, 3.0, -np.inf, -np.inf])
    with chained(llama_cpp.llama_sampler_init_temp_ext(1.0, 0.5, 1.0)) as sampler:
        found = answer(sampler, ruled_out)
    final = trace_chain(ruled_out, (Temperature(1.0, range=0.5),), NOTHING).final

    assert found[:2].tolist() == pytest.approx([3.0, 3.0])
    assert final.logits.tolist() == pytest.approx([2.0, 2.0])


def test_a_window_of_nothing_is_off_there_and_everything_here() -> None:
    """``penalty_last_n`` 0; in this version −1 is off too."""
    seen = StepContext((0,))
    for last_n in (0, -1):
        with chained(llama_cpp.llama_sampler_init_penalties(2, last_n, 2.0, 0.0, 0.0)) as sampler:
            accept(sampler, (0,))
            assert answer(sampler, np.array([2.0, 1.0])).tolist() == [2.0, 1.0]
    assert trace_chain(np.array([2.0, 1.0]), (RepetitionPenalty(2.0),), seen).final.logits.tolist() == [1.0, 1.0]


def test_their_xtc_throws_a_die_of_its_own() -> None:
    """At a probability of 0.5 theirs acts in half of the calls; ours, at one place, always or never."""
    equal = np.zeros(4)
    with chained(llama_cpp.llama_sampler_init_xtc(0.5, 0.1, 0, 42)) as sampler:
        acted = sum(apply(sampler, equal)[0].size < 4 for _ in range(400))
    found = {trace_chain(equal, (Xtc(0.5),), StepContext(seed=1, position=3)).final.size for _ in range(20)}

    assert 150 < acted < 250
    assert len(found) == 1


def test_they_can_ban_everything() -> None:
    """Nothing is left to draw there; here it is refused (test_penalties)."""
    pairs = (llama_cpp.llama_logit_bias * 2)(*(llama_cpp.llama_logit_bias(token, -np.inf) for token in (0, 1)))

    assert kept_there(llama_cpp.llama_sampler_init_logit_bias(2, 2, pairs), [1.0, 2.0]) == []


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", LARGE)
def test_in_float32_their_sums_miss_a_sliver(shape: str, size: int) -> None:
    """They keep the same kind of set, a little larger or smaller: what ours would be for a number next to it."""
    for row in rows(shape, size, FEW):
        trace = trace_chain(row, (), NOTHING)
        for p in (0.513, 0.903):
            kept = kept_of("top_p", p, row)
            running = trace.model.cover(1.0)[1]
            assert set(trace.model.best(kept.size).token_ids.tolist()) == set(kept.tolist())
            assert running[kept.size - 1] == pytest.approx(p, abs=max(2e-3, trace.model.probs.max()))
        for n in (0.517, 1.03, 2.71):
            kept = kept_of("top_n_sigma", n, row)
            cut = trace.model.peak - n * trace.model.logits.std()
            best = trace.model.best(kept.size + 1)
            assert set(best.token_ids[:-1].tolist()) == set(kept.tolist())
            assert best.logits[-1] - 1e-3 <= cut <= best.logits[-2] + 1e-3


@pytest.mark.parametrize(("shape", "most"), [("peaked", 0.01), ("hump", 0.01), ("flat", 0.1)])
def test_in_float32_their_entropy_drifts(shape: str, most: float) -> None:
    """Typical-p looks from it; over a flat vocabulary of 262,144 tokens up to a tenth of the mass lies elsewhere."""
    for size in (*SMALL, *LARGE):
        for row in rows(shape, size, FEW):
            kept = np.zeros(size, dtype=np.bool_)
            kept[kept_of("typical_p", 0.903, row)] = True
            trace = trace_chain(row, (TypicalP(0.903),), NOTHING)
            assert trace.model.probs[kept != (trace.final.probs > 0)].sum() <= most


def kept_of(key: str, value: float, row: Rows) -> Any:  # noqa: ANN401 (an array of token ids)
    """Return the tokens that a sampler of theirs keeps of one vector."""
    with chained(MAKE[key](value)) as sampler:
        return np.flatnonzero(np.isfinite(answer(sampler, row)))
