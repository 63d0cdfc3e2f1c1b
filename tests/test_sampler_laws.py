"""Laws that every sampler keeps, alone and in chains."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.chain import differing, trace_chain
from playground.errors import SettingError
from playground.numerics import Distribution
from playground.records import SamplingParams
from playground.samplers import ORDERS, in_order
from playground.samplers.frequency_penalty import FrequencyPenalty
from playground.samplers.logit_bias import LogitBias
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.top_p import TopP
from tests.settings_drawn import (
    ANY_SAMPLER,
    CHAINS,
    DISTINCT,
    LOGITS,
    NOWHERE,
    ORDINARY_CHAINS,
    SAMPLERS,
    contexts,
    kept,
    renamed,
    settings_of,
    stops_of,
)

if TYPE_CHECKING:
    from playground.numerics import FloatArray
    from playground.samplers.base import Sampler, StepContext

SHIFT_MATTERS = {"repetition_penalty"}  # its docstring says so: it looks at the sign of a logit
NEUTRAL_WITH = {"temperature": {"range": 0.0}}  # what else has to stand at neutral for a sampler to be off
KEEPS_FEWER = {  # the end of the main knob's range towards which fewer tokens stay
    "top_k": min,
    "top_p": min,
    "min_p": max,
    "typical_p": min,
    "top_n_sigma": min,
    "top_h": min,
    "epsilon_cutoff": max,
    "eta_cutoff": max,
    "mirostat": min,
}


@pytest.mark.parametrize("key", SAMPLERS)
@given(data=st.data(), logits=LOGITS, context=contexts())
@settings(max_examples=50)
def test_neutral_settings_change_nothing(
    key: str, data: st.DataObject, logits: FloatArray, context: StepContext
) -> None:
    """With the main knob at its neutral value, whatever the others say, the same object comes back."""
    knobs = {name: data.draw(stops_of(spec), name) for name, spec in SAMPLERS[key].knobs().items()}
    main = SAMPLERS[key].main_knob()
    neutral = SAMPLERS[key](**knobs | NEUTRAL_WITH.get(key, {}) | {main: SAMPLERS[key].knobs()[main].neutral})
    distribution = Distribution.of_logits(logits)

    assert neutral.is_neutral
    assert neutral.apply(distribution, context) is distribution


@pytest.mark.parametrize("key", SAMPLERS)
def test_a_sampler_is_neutral_until_a_knob_is_turned(key: str) -> None:
    """Without arguments a sampler does nothing: no default of ours acts."""
    assert SAMPLERS[key]().is_neutral


@given(chain=CHAINS, logits=LOGITS, context=contexts())
@settings(max_examples=200)
def test_something_can_always_be_drawn(chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext) -> None:
    """Whatever the chain, at least one token stays, and what stays is a distribution."""
    final = trace_chain(logits, chain, context).final

    assert final.size >= 1
    assert np.isfinite(final.probs).all()
    assert math.fsum(final.probs.tolist()) == pytest.approx(1, abs=1e-9)


@given(sampler=ANY_SAMPLER, logits=LOGITS, context=contexts())
@settings(max_examples=200)
def test_nothing_changed_is_the_same_object(sampler: Sampler, logits: FloatArray, context: StepContext) -> None:
    """Where neither a token nor a logit is another than before, the sampler leaves no link in the trace."""
    for distribution in (Distribution.of_logits(logits), Distribution.of_logits(logits).best(1)):
        after = sampler.apply(distribution, context)
        one, other = distribution.by_id(), after.by_id()
        same = np.array_equal(one.token_ids, other.token_ids) and np.array_equal(one.logits, other.logits)

        assert same == (after is distribution)


@given(sampler=ANY_SAMPLER, logits=LOGITS, context=contexts(), ranked=st.booleans())
@settings(max_examples=200)
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
@settings(max_examples=200)
def test_a_truncation_only_removes(chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext) -> None:
    """No link brings a token back, and one that removes tokens leaves the logits of the others alone."""
    for link in trace_chain(logits, chain, context).links:
        entries, inside = link.before.locate(link.after.token_ids)

        assert inside.all()
        assert np.unique(link.after.token_ids).size == link.after.size
        assert link.removed == 0 or np.array_equal(link.before.logits[entries], link.after.logits)


@given(sampler=ANY_SAMPLER, logits=LOGITS, context=contexts())
@settings(max_examples=200)
def test_how_the_tokens_are_stored_does_not_matter(sampler: Sampler, logits: FloatArray, context: StepContext) -> None:
    """Behind a sampler that ranks, the same tokens are in another place in memory; the answer is the same, ties too."""
    plain = Distribution.of_logits(logits)

    one, other = sampler.apply(plain, context), sampler.apply(plain.best(plain.size), context)

    assert set(one.token_ids.tolist()) == set(other.token_ids.tolist())
    assert one.probs == pytest.approx(other.probs, abs=1e-12)


@given(chain=ORDINARY_CHAINS, logits=DISTINCT, context=contexts(), data=st.data())
def test_renaming_ids_renames_the_answer(
    chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext, data: st.DataObject
) -> None:
    """Token ids are names: under other names the same tokens stay with the same probabilities."""
    name = np.array(data.draw(st.permutations(range(logits.size)), "name"))  # token i is now called name[i]
    renamed_logits = np.empty_like(logits)
    renamed_logits[name] = logits

    trace = trace_chain(logits, chain, context)
    other = trace_chain(renamed_logits, chain, renamed(context, dict(enumerate(name.tolist()))))

    assert kept(other) == set(name[trace.final.token_ids].tolist())
    assert other.final.probs[name] == pytest.approx(trace.final.probs, abs=1e-9)


@given(chain=ORDINARY_CHAINS, logits=DISTINCT, context=contexts(), shift=st.floats(-50, 50))
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
    seen = replace(NOWHERE, history=(0,))

    low, high = (RepetitionPenalty(2.0).apply(Distribution.of_logits(np.full(2, at)), seen) for at in (1.0, 3.0))

    assert low.probs[1] == pytest.approx(1 / (1 + math.exp(-0.5)))
    assert high.probs[1] == pytest.approx(1 / (1 + math.exp(-1.5)))


@pytest.mark.parametrize("key", KEEPS_FEWER)
@given(data=st.data(), logits=LOGITS)
@settings(max_examples=60)
def test_tightening_never_grows_the_support(key: str, data: st.DataObject, logits: FloatArray) -> None:
    """Every token that the tighter setting keeps, the looser keeps too."""
    towards = KEEPS_FEWER[key]
    main = SAMPLERS[key].main_knob()
    one = data.draw(settings_of(key), "one")
    other = replace(one, **{main: getattr(data.draw(settings_of(key), "other"), main)})
    acting = [sampler for sampler in (one, other) if not sampler.is_neutral]
    tight = towards(acting, key=lambda sampler: getattr(sampler, main), default=one)
    loose = other if tight is one else one

    assert kept(trace_chain(logits, (tight,), NOWHERE)) <= kept(trace_chain(logits, (loose,), NOWHERE))


@given(p=st.integers(0, 100), logits=LOGITS)
def test_the_token_that_crosses_is_all_that_keep_crossing_decides(p: int, logits: FloatArray) -> None:
    """Without it the set is the same, or shorter by its last token."""
    model = trace_chain(logits, (), NOWHERE).final

    with_it, without = (
        kept(trace_chain(logits, (TopP(p / 100, keep_crossing=keep),), NOWHERE)) for keep in (True, False)
    )

    assert without <= with_it
    assert len(with_it) - len(without) <= 1
    assert len(without) == 1 or p == 100 or model.probs[list(without)].sum() <= p / 100 + 1e-9


@given(sampler=ANY_SAMPLER)
@settings(max_examples=300)
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


@given(banned=st.sets(st.integers(0, 3), max_size=4), logits=LOGITS)
def test_bans_leave_a_token_or_are_refused(banned: set[int], logits: FloatArray) -> None:
    """Nothing banned can be drawn, all else can; where nothing else is left the refusal names the step."""
    logits = np.concatenate([logits, logits, logits])[:4]
    bans = LogitBias(tuple((token, False) for token in banned))
    left = {token for token in range(4) if np.isfinite(logits[token])} - banned

    if left:
        assert kept(trace_chain(logits, (bans,), NOWHERE)) == left
        return
    with pytest.raises(SettingError, match="at step 1") as caught:
        trace_chain(logits, (bans,), NOWHERE)
    assert caught.value.field == "logit_bias"


# --- orders ---


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_names_every_sampler_once(order: str) -> None:
    """Both orders are complete, so that no sampler stands somewhere by chance."""
    assert sorted(ORDERS[order]) == sorted(SAMPLERS)


@given(
    keys=st.lists(st.sampled_from([*SAMPLERS, "a new one", "another"]), unique=True), order=st.sampled_from([*ORDERS])
)
def test_any_samplers_can_be_put_in_order(keys: list[str], order: str) -> None:
    """None is lost, known ones stand as the order says, others behind them as they came."""
    sorted_keys = in_order(tuple(keys), ORDERS[order])

    assert sorted(sorted_keys) == sorted(keys)
    assert [key for key in sorted_keys if key in SAMPLERS] == [key for key in ORDERS[order] if key in keys]
    assert [key for key in sorted_keys if key not in SAMPLERS] == [key for key in keys if key not in SAMPLERS]
    assert [key in SAMPLERS for key in sorted_keys] == sorted([key in SAMPLERS for key in keys], reverse=True)


def test_samplers_are_found_under_their_own_keys() -> None:
    """The key under which a sampler is found is its own, and they stand in transformers' order."""
    assert {key: kind.key for key, kind in SAMPLERS.items()} == {key: key for key in SAMPLERS}
    assert tuple(SAMPLERS) == ORDERS["transformers"]


@given(chain=CHAINS, logits=LOGITS, context=contexts(), data=st.data())
def test_two_orders_differ_in_the_tokens_that_one_keeps(
    chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext, data: st.DataObject
) -> None:
    """Each of these tokens is kept by exactly one of two traces, and they stand in the model's rank order."""
    shuffled = tuple(data.draw(st.permutations(chain), "other order"))
    one, other = trace_chain(logits, chain, context), trace_chain(logits, shuffled, context)

    found = differing(one, other)

    assert set(found) == kept(one) ^ kept(other)
    assert list(found) == sorted(found, key=one.model.rank_of)
    assert differing(other, one) == found
    assert differing(one, one) == ()


def test_the_order_of_two_penalties_decides_when_one_multiplies() -> None:
    """3 − 1 halved is 1, 3 halved − 1 is 0.5."""
    seen = replace(NOWHERE, history=(0,))
    halve, lower = RepetitionPenalty(2.0), FrequencyPenalty(1.0)

    first, second = (trace_chain(np.array([3.0, 0.0]), chain, seen) for chain in ((lower, halve), (halve, lower)))

    assert [trace.final.logits[0] for trace in (first, second)] == [1.0, 0.5]


@given(chain=CHAINS, named=st.booleans(), seed=st.none() | st.integers(0, 2**32 - 1), data=st.data())
def test_settings_of_a_run_survive_json(
    *, chain: tuple[Sampler, ...], named: bool, seed: int | None, data: st.DataObject
) -> None:
    """Whatever is set, in a named order or in any other: written and read as JSON, the same chain."""
    flat = {item.key: item.to_value() for item in chain}
    order = data.draw(st.sampled_from([*ORDERS]) if named else st.permutations(list(flat)), "order")
    params = SamplingParams.from_dict({**flat, "order": order, "seed": seed})

    back = SamplingParams.from_dict(json.loads(json.dumps(params.to_dict())))

    assert back == params
    assert back.chain == params.chain
    assert set(params.chain) == set(chain)
    assert named or [item.key for item in params.chain] == order
