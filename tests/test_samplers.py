"""Laws that every sampler keeps, alone and in chains, and the definition of each."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.chain import Trace, trace_chain
from playground.errors import SettingError, shown
from playground.numerics import Distribution
from playground.samplers import ORDERS, all_samplers
from playground.samplers.base import Knob, Sampler, StepContext
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature
from playground.samplers.top_k import TopK
from playground.samplers.top_p import TopP

if TYPE_CHECKING:
    from playground.numerics import FloatArray
    from playground.samplers.base import Number

SAMPLERS = all_samplers()
SHIFT_MATTERS = {"repetition_penalty"}  # its docstring says so: it looks at the sign of a logit
KEEPS_FEWER_WHEN_LOWER = ("top_k", "top_p")
KNOBS = [(key, name) for key, kind in SAMPLERS.items() for name in kind.knobs()]
FOUR = np.log([0.5, 0.25, 0.15, 0.1])
NOWHERE = StepContext()


def stops_of(spec: Knob) -> st.SearchStrategy[Number]:
    """Draw a place where a knob's slider can stand; an int knob also stands where its range ends."""
    if spec.kind is bool:
        return st.booleans()
    first = 0
    steps = st.integers(first, round((spec.slider_maximum - spec.minimum) / spec.step))
    places = steps.map(lambda step: spec.kind(round(spec.minimum + step * spec.step, 6)))
    return places | st.sampled_from([spec.neutral, spec.usual, spec.kind(spec.maximum)])


def settings_of(key: str) -> st.SearchStrategy[Sampler]:
    """Draw one sampler with any numbers."""
    return st.builds(SAMPLERS[key], **{name: stops_of(spec) for name, spec in SAMPLERS[key].knobs().items()})


ANY_SAMPLER = st.sampled_from(list(SAMPLERS)).flatmap(settings_of)
CHAINS = st.permutations(list(SAMPLERS)).flatmap(lambda keys: st.tuples(*map(settings_of, keys)))
# No two are equal, and no penalty of two digits makes two equal; no running sum lands on a top-p of two digits.
DISTINCT = st.lists(st.integers(1, 500), min_size=1, max_size=24, unique=True).map(lambda some: 30 * np.sin(some))
LOGITS = st.lists(st.floats(-100, 100, width=32) | st.sampled_from([0.0, 5.0, -np.inf]), min_size=1, max_size=40).map(
    lambda some: np.array([1.0, *some], dtype=np.float32)
)


@st.composite
def contexts(draw: st.DrawFn, vocab: int = 24) -> StepContext:
    """Draw a place in a run over token ids below ``vocab``, of which a model may have fewer."""
    history = draw(st.lists(st.integers(0, vocab - 1), max_size=12))
    prompt_length = draw(st.integers(0, len(history)))
    return StepContext(tuple(history), prompt_length, len(history) - prompt_length, draw(st.integers(0, 2**32 - 1)))


def kept(trace: Trace) -> set[int]:
    """Return the tokens that can still be drawn."""
    return set(trace.final.token_ids.tolist())


def keeps(*chain: Sampler, logits: FloatArray = FOUR, context: StepContext = NOWHERE) -> list[int]:
    """Return the tokens that a chain leaves, by id."""
    return sorted(kept(trace_chain(logits, chain, context)))


def after(sampler: Sampler, logits: list[float], context: StepContext = NOWHERE) -> list[float]:
    """Return the logits of all tokens after one sampler that removes none."""
    changed: list[float] = sampler.apply(Distribution.of_logits(np.array(logits)), context).logits.tolist()
    return changed


# --- laws ---


@pytest.mark.parametrize("key", SAMPLERS)
@given(data=st.data(), logits=LOGITS, context=contexts())
def test_neutral_settings_change_nothing(
    key: str, data: st.DataObject, logits: FloatArray, context: StepContext
) -> None:
    """With the main knob at its neutral value, whatever the others say, the same object comes back."""
    knobs = {name: data.draw(stops_of(spec), name) for name, spec in SAMPLERS[key].knobs().items()}
    main = SAMPLERS[key].main_knob()
    neutral = SAMPLERS[key](**knobs | {main: SAMPLERS[key].knobs()[main].neutral})
    distribution = Distribution.of_logits(logits)

    assert neutral.is_neutral
    assert neutral.apply(distribution, context) is distribution


@pytest.mark.parametrize("key", SAMPLERS)
def test_a_sampler_is_neutral_until_a_knob_is_turned(key: str) -> None:
    """Without arguments a sampler does nothing: no default of ours acts."""
    assert SAMPLERS[key]().is_neutral


@given(chain=CHAINS, logits=LOGITS, context=contexts())
def test_something_can_always_be_drawn(chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext) -> None:
    """Whatever the chain, at least one token stays, and what stays is a distribution."""
    final = trace_chain(logits, chain, context).final

    assert final.size >= 1
    assert np.isfinite(final.probs).all()
    assert math.fsum(final.probs.tolist()) == pytest.approx(1, abs=1e-9)


@given(sampler=ANY_SAMPLER, logits=LOGITS, context=contexts(), ranked=st.booleans())
def test_the_input_is_never_written_to(
    *, sampler: Sampler, logits: FloatArray, context: StepContext, ranked: bool
) -> None:
    """The model's array and the distribution handed to a sampler are what they were."""
    plain = Distribution.of_logits(logits)
    given_one = plain.best(plain.size) if ranked else plain
    owned = (logits, given_one.raw, given_one.logits, given_one.token_ids, given_one.probs)
    copies = [array.copy() for array in owned]

    _ = sampler.apply(given_one, context).probs

    assert all(np.array_equal(array, copy) for array, copy in zip(owned, copies, strict=True))


@given(chain=CHAINS, logits=LOGITS, context=contexts())
def test_a_truncation_only_removes(chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext) -> None:
    """No link brings a token back, and one that removes tokens leaves the logits of the others alone."""
    for link in trace_chain(logits, chain, context).links:
        entries, inside = link.before.locate(link.after.token_ids)

        assert inside.all()
        assert np.unique(link.after.token_ids).size == link.after.size
        assert link.removed == 0 or np.array_equal(link.before.logits[entries], link.after.logits)


@given(chain=CHAINS, logits=DISTINCT, context=contexts(), data=st.data())
@settings(max_examples=60)
def test_renaming_ids_renames_the_answer(
    chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext, data: st.DataObject
) -> None:
    """Token ids are names: under other names the same tokens stay with the same probabilities."""
    name = np.array(data.draw(st.permutations(range(logits.size)), "name"))  # token i is now called name[i]
    renamed_logits = np.empty_like(logits)
    renamed_logits[name] = logits
    history = tuple(int(name[token]) if token < name.size else token for token in context.history)

    trace = trace_chain(logits, chain, context)
    renamed = trace_chain(renamed_logits, chain, replace(context, history=history))

    assert kept(renamed) == set(name[trace.final.token_ids].tolist())
    assert renamed.final.probs[name] == pytest.approx(trace.final.probs, abs=1e-9)


@given(chain=CHAINS, logits=DISTINCT, context=contexts(), shift=st.floats(-50, 50))
@settings(max_examples=60)
def test_a_shift_of_all_logits_changes_nothing(
    chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext, shift: float
) -> None:
    """A constant added to every logit is no information, except to the samplers that declare it."""
    chain = tuple(sampler for sampler in chain if sampler.key not in SHIFT_MATTERS)

    trace = trace_chain(logits, chain, context)
    shifted = trace_chain(logits + shift, chain, context)

    assert kept(shifted) == kept(trace)
    assert shifted.final.probs == pytest.approx(trace.final.probs, abs=1e-9)


def test_repetition_penalty_is_the_one_that_a_shift_matters_to() -> None:
    """Penalty 2 on one of two equal tokens: from logit 1 it falls by 0.5, from logit 3 by 1.5."""
    seen = StepContext(history=(0,))

    low, high = (RepetitionPenalty(2.0).apply(Distribution.of_logits(np.full(2, at)), seen) for at in (1.0, 3.0))

    assert low.probs[1] == pytest.approx(1 / (1 + math.exp(-0.5)))
    assert high.probs[1] == pytest.approx(1 / (1 + math.exp(-1.5)))


@pytest.mark.parametrize("key", KEEPS_FEWER_WHEN_LOWER)
@given(data=st.data(), logits=LOGITS)
@settings(max_examples=60)
def test_tightening_never_grows_the_support(key: str, data: st.DataObject, logits: FloatArray) -> None:
    """Every token that the tighter setting keeps, the looser keeps too."""
    either = data.draw(st.tuples(settings_of(key), settings_of(key)), "either")
    tight, loose = sorted(either, key=lambda sampler: math.inf if sampler.is_neutral else getattr(sampler, key))

    assert kept(trace_chain(logits, (tight,), NOWHERE)) <= kept(trace_chain(logits, (loose,), NOWHERE))


@given(sampler=ANY_SAMPLER)
def test_settings_survive_json(sampler: Sampler) -> None:
    """The flat form, written and read as JSON, gives an equal sampler with numbers of the same types."""
    back = type(sampler).from_value(json.loads(json.dumps(sampler.to_value())))

    assert back == sampler
    assert repr(back) == repr(sampler)


def test_the_flat_form_is_a_number_where_one_number_says_all() -> None:
    """An object appears only when a second knob is turned."""
    assert RepetitionPenalty(1.5).to_value() == 1.5
    assert RepetitionPenalty(1.5, window=64).to_value() == {"penalty": 1.5, "window": 64, "include_prompt": True}
    assert RepetitionPenalty.from_value({"window": 64}) == RepetitionPenalty(1.0, window=64)


def test_every_key_of_an_order_has_a_sampler() -> None:
    """An order names each sampler at most once, and none that does not exist."""
    for order in ORDERS.values():
        assert set(order) <= set(SAMPLERS)
        assert len(set(order)) == len(order)


def test_samplers_are_found_under_their_own_keys() -> None:
    """The key under which a sampler is found is its own, and transformers' order comes first."""
    assert {key: kind.key for key, kind in SAMPLERS.items()} == {key: key for key in SAMPLERS}
    assert tuple(SAMPLERS)[: len(ORDERS["transformers"])] == ORDERS["transformers"]


# --- knobs ---


def refusals(spec: Knob) -> list[tuple[object, str]]:
    """Return values that a knob refuses, each with the words that say what is allowed."""
    if spec.kind is bool:
        no_booleans: tuple[object, ...] = (0, 1, 0.5, "true", None, [], math.nan)
        return [(value, "true or false") for value in no_booleans]
    no_numbers: tuple[object, ...] = (True, False, "1", "", None, [1], {1: 1}, 1j)
    refused = [(value, "a number") for value in no_numbers]
    refused += [(value, "a finite number") for value in (math.nan, math.inf, -math.inf)]
    refused += [(value, spec.range_text) for value in (spec.minimum - 1, spec.maximum + 1)]
    if spec.kind is int:
        refused.append((spec.minimum + 0.5, "a whole number"))
    return refused


@pytest.mark.parametrize(
    ("key", "name", "value", "allowed"),
    [
        pytest.param(key, name, value, allowed, id=f"{key}.{name}={value!r}")
        for key, name in KNOBS
        for value, allowed in refusals(SAMPLERS[key].knobs()[name])
    ],
)
def test_a_knob_refuses_what_is_outside_its_range(key: str, name: str, value: object, allowed: str) -> None:
    """The refusal names the field, the label, the value and what is allowed; nothing is clamped."""
    kind = SAMPLERS[key]

    with pytest.raises(SettingError) as caught:
        kind.from_value({name: value})

    assert caught.value.field == (key if name == kind.main_knob() else f"{key}.{name}")
    assert caught.value.message.startswith(f"{kind.knobs()[name].label} is {shown(value) or 'empty'}; ")
    assert allowed in caught.value.message
    assert caught.value.hint == kind.knobs()[name].off


@pytest.mark.parametrize(("key", "name"), KNOBS)
def test_a_knob_takes_both_ends_of_its_range(key: str, name: str) -> None:
    """Both ends are inside, except a minimum that is declared to be outside; neutral and usual values too."""
    spec = SAMPLERS[key].knobs()[name]
    low = spec.minimum

    for value in (spec.kind(low), spec.kind(spec.maximum), spec.neutral, spec.usual):
        taken = getattr(SAMPLERS[key].from_value({name: value}), name)
        assert (taken, type(taken)) == (value, spec.kind)


@pytest.mark.parametrize(("value", "expected"), [(40.0, 40), (0, 0), (-0.0, 0)])
def test_a_whole_float_is_a_whole_number(value: float, expected: int) -> None:
    """JSON does not tell 40.0 from 40."""
    taken = TopK.from_value(value).top_k

    assert (taken, type(taken)) == (expected, int)


@pytest.mark.parametrize("value", [1e-30, 1e-4, 0.00099])
def test_a_temperature_too_small_to_divide_by_is_refused(value: float) -> None:
    """Between 0, which is greedy, and 0.001 there is a gap, and the refusal says so."""
    with pytest.raises(SettingError, match=r"it must be 0 or lie in \[0.001, 5\]") as caught:
        Temperature(value)

    assert caught.value.field == "temperature"
    assert f"{value:g}" in caught.value.message
    assert Temperature(0.001).temperature == 0.001


@pytest.mark.parametrize("key", SAMPLERS)
def test_a_sampler_refuses_a_setting_that_it_does_not_have(key: str) -> None:
    """An unknown name inside a sampler's object is refused by name, with the ones that exist."""
    with pytest.raises(SettingError) as caught:
        SAMPLERS[key].from_value({"tempature": 1})

    assert caught.value.field == key
    assert "“tempature”" in caught.value.message
    assert all(name in caught.value.hint for name in SAMPLERS[key].knobs())


# --- definitions ---


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
    everything = StepContext(history=(0, 1, 2))

    assert after(RepetitionPenalty(2.0), [3.0, 0.0, -3.0, 1.0], everything) == [1.5, 0.0, -6.0, 1.0]
    assert after(RepetitionPenalty(0.5), [3.0, 0.0, -3.0, 1.0], everything) == [6.0, 0.0, -1.5, 1.0]


def test_repetition_penalty_counts_a_token_once() -> None:
    """Three appearances lower a logit as much as one."""
    assert after(RepetitionPenalty(2.0), [8.0, 8.0], StepContext(history=(0, 0, 0))) == [4.0, 8.0]


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
    context = StepContext(history=(0, 1, 2, 3), prompt_length=2, position=2)

    found = after(RepetitionPenalty(2.0, **knobs), [4.0] * 5, context)

    assert {token for token, logit in enumerate(found) if logit == 2.0} == lowered
    assert all(found[token] == 4.0 for token in {0, 1, 2, 3, 4} - lowered)


def test_repetition_penalty_with_nothing_to_count_returns_the_same() -> None:
    """Before the first token is written, with the prompt left out, there is nothing to lower."""
    distribution = Distribution.of_logits(FOUR)
    context = StepContext(history=(0, 1), prompt_length=2)

    assert RepetitionPenalty(2.0, include_prompt=False).apply(distribution, context) is distribution


def test_repetition_penalty_takes_the_logits_that_reach_it() -> None:
    """Behind temperature 2 logits 4, 2 are 2, 1; penalty 4 on the first leaves 0.5, 1."""
    final = trace_chain(np.array([4.0, 2.0]), (Temperature(2.0), RepetitionPenalty(4.0)), StepContext((0,))).final

    assert final.probs == pytest.approx([1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(-0.5))])


def test_repetition_penalty_reaches_its_tokens_behind_a_truncation() -> None:
    """Top-k puts the entries in rank order; the penalty still finds its tokens, and removed ones stay removed."""
    context = StepContext(history=(2, 0))  # token 0 is the one that top-k removes

    final = trace_chain(np.array([1.0, 2.0, 4.0, 3.0]), (TopK(3), RepetitionPenalty(4.0)), context).final

    # 1, 2, 3 stay with 2, 4, 3; then token 2 falls to 4 ÷ 4 = 1.
    weights = [0.0, math.exp(2), math.exp(1), math.exp(3)]
    assert final.probs == pytest.approx([weight / sum(weights) for weight in weights])
