"""Settings pass one gate that ignores nothing, and a run is its prompt, its steps and their text."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.errors import CLIP, SettingError
from playground.records import Run, SamplingParams, StopReason, TokenStep
from playground.samplers import ORDERS, all_samplers
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature
from playground.samplers.top_k import TopK
from playground.samplers.top_p import TopP
from playground.settings import MAX_NEW_TOKENS, MAX_SEED, MAX_STOP_CHARS, MAX_STOPS

KEYS = tuple(all_samplers())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.just(0) | st.floats(0.001, 5),
    "top_k": st.integers(0, 1_000_000),
    "top_p": st.floats(0, 1),
    "repetition_penalty": st.floats(0.01, 10)
    | st.fixed_dictionaries(
        {}, optional={"penalty": st.floats(0.01, 10), "window": st.integers(0, 512), "include_prompt": st.booleans()}
    ),
    "seed": st.none() | st.integers(0, MAX_SEED),
    "max_new_tokens": st.integers(1, MAX_NEW_TOKENS),
    "stop": st.lists(st.text(min_size=1, max_size=MAX_STOP_CHARS), max_size=MAX_STOPS),
    "order": st.sampled_from(list(ORDERS)) | st.permutations(KEYS),
}


def refused(flat: object) -> SettingError:
    """Return the refusal of a flat form."""
    with pytest.raises(SettingError) as caught:
        SamplingParams.from_dict(flat)
    return caught.value


def step(token_id: int, piece: bytes, position: int = 0) -> TokenStep:
    """Return a step of which only token and piece matter."""
    return TokenStep(position, token_id, piece, luck=0.5, model_prob=0.5, final_prob=1.0, rank=1, packed=b"")


def run(*pieces: bytes, stop_reason: StopReason | None = StopReason.LENGTH) -> Run:
    """Return a run over prompt 7, 8 that wrote tokens 100, 101, … with these pieces."""
    steps = tuple(step(100 + place, piece, place) for place, piece in enumerate(pieces))
    return Run("id", "toy", SamplingParams(seed=1), (7, 8), (b"a", b"b"), steps, stop_reason=stop_reason)


# --- the gate ---


@given(flat=st.fixed_dictionaries({}, optional=VALUES))
def test_settings_survive_the_flat_form(flat: dict[str, Any]) -> None:
    """What ``to_dict`` writes is plain JSON, and ``from_dict`` reads it back to an equal value."""
    params = SamplingParams.from_dict(flat)

    assert SamplingParams.from_dict(json.loads(json.dumps(params.to_dict()))) == params


def test_the_flat_form_reads_as_documented() -> None:
    """A sampler with one knob takes a number, one with several an object, in any order of keys."""
    params = SamplingParams.from_dict({
        "temperature": 0.7, "top_k": 40, "repetition_penalty": {"penalty": 1.1, "window": 64}, "order": "llama.cpp",
        "seed": 42, "max_new_tokens": 128, "stop": ["\n\n"],
    })  # fmt: skip

    assert params == SamplingParams(
        (Temperature(0.7), TopK(40), RepetitionPenalty(1.1, window=64)), "llama.cpp", 42, 128, ("\n\n",)
    )
    assert params.chain == (RepetitionPenalty(1.1, window=64), TopK(40), Temperature(0.7))


def test_nothing_set_is_all_neutral() -> None:
    """No sampler acts unless it is named, and the seed is picked by the app."""
    params = SamplingParams.from_dict({})

    assert (params.samplers, params.chain, params.seed, params.stop) == ((), (), None, ())
    assert params == SamplingParams()


def test_a_sampler_of_several_knobs_takes_a_bare_number() -> None:
    """The number sets the main knob and leaves the others neutral."""
    assert SamplingParams.from_dict({"repetition_penalty": 1.3}).samplers == (RepetitionPenalty(1.3),)


@pytest.mark.parametrize("flat", [None, [], "temperature=1", 0.7, [("temperature", 0.7)]])
def test_settings_that_are_no_object_are_refused(flat: object) -> None:
    """A list, a text or nothing is no settings."""
    assert "must be an object" in str(refused(flat))


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("tempature", "temperature"),
        ("topp", "top_p"),
        ("topk", "top_k"),
        ("repeat_penalty", "repetition_penalty"),
        ("max_tokens", "max_new_tokens"),
        ("Seed", "seed"),
        ("stops", "stop"),
    ],
)
def test_an_unknown_key_names_the_nearest(key: str, nearest: str) -> None:
    """A misspelled setting is never ignored."""
    error = refused({"temperature": 0.7, key: 1})

    assert error.message == f"There is no setting “{key}”."
    assert error.hint == f"The nearest is {nearest}."
    assert error.field == key


def test_an_unknown_key_like_no_other_lists_all() -> None:
    """Where nothing is near, every setting is named."""
    hint = refused({"zzzzzz": 1}).hint

    assert all(key in hint for key in (*KEYS, "order", "seed", "max_new_tokens", "stop"))


def test_a_key_that_is_no_text_is_unknown() -> None:
    """A number as a key, which msgpack carries and JSON does not, is refused by its value."""
    assert "no setting “7”" in refused({7: 1}).message


@pytest.mark.parametrize(
    ("flat", "said"),
    [
        # The numbers are those of the list of bad inputs.
        pytest.param({"temperature": math.nan}, "Temperature is nan; it must be a finite number", id="54"),
        pytest.param({"temperature": math.inf}, "Temperature is inf; it must be a finite number", id="55"),
        pytest.param({"temperature": -1}, "Temperature is -1; it must lie in [0, 5]", id="56"),
        pytest.param({"temperature": 1e-30}, "Temperature is 1e-30; it must be 0 or lie in [0.001, 5]", id="58 small"),
        pytest.param({"temperature": 1e30}, "Temperature is 1e+30; it must lie in [0, 5]", id="58 large"),
        pytest.param({"top_p": math.nan}, "Top-p is nan; it must be a finite number", id="60 nan"),
        pytest.param({"top_p": 1.5}, "Top-p is 1.5; it must lie in [0, 1]", id="60"),
        pytest.param({"top_k": -1}, "Top-k is -1; it must lie in [0, ", id="61 below"),
        pytest.param({"top_k": 2.5}, "Top-k is 2.5; it must be a whole number", id="61 fraction"),
        pytest.param({"repetition_penalty": 0}, "Repetition penalty is 0; it must lie in [0.01, 10]", id="64 zero"),
        pytest.param({"repetition_penalty": -2}, "Repetition penalty is -2; it must lie in [0.01, 10]", id="64 below"),
        pytest.param({"repetition_penalty": math.nan}, "Repetition penalty is nan; it must be a finite", id="64 nan"),
        pytest.param(
            {"max_new_tokens": 0}, "New tokens, at most, is 0; it must be a whole number in [1, ", id="67 zero"
        ),
        pytest.param(
            {"max_new_tokens": -1}, "New tokens, at most, is -1; it must be a whole number in [1, ", id="67 below"
        ),
        pytest.param({"max_new_tokens": 1.5}, "New tokens, at most, is 1.5; it must be a whole", id="67 fraction"),
        pytest.param({"max_new_tokens": MAX_NEW_TOKENS + 1}, f"is {MAX_NEW_TOKENS + 1}; it must", id="67 above"),
        pytest.param(
            {"seed": 2**40}, "Seed is 1099511627776; it must be a whole number in [0, 4,294,967,295]", id="69"
        ),
        pytest.param({"seed": MAX_SEED + 1}, "Seed is 4294967296; it must be a whole number in [0, ", id="69 next"),
        pytest.param({"seed": -2}, "Seed is -2; it must be a whole number in [0, ", id="69 below"),
        pytest.param({"seed": 1.5}, "Seed is 1.5; it must be a whole number", id="69 fraction"),
        pytest.param({"seed": "abc"}, "Seed is abc; it must be a whole number", id="69 text"),
        pytest.param({"seed": math.nan}, "Seed is nan; it must be a whole number", id="69 nan"),
        pytest.param({"seed": math.inf}, "Seed is inf; it must be a whole number", id="69 inf"),
        pytest.param({"seed": True}, "Seed is True; it must be a whole number", id="69 bool"),
        pytest.param({"stop": [""]}, "A stop text is empty; it must have 1 to 200 characters.", id="70 empty"),
        pytest.param({"stop": ["a"] * 1000}, "There are 1,000 stop texts; at most 16", id="70 many"),
        pytest.param({"stop": ["a" * 2**20]}, "has 1,048,576 characters; it must have 1 to 200.", id="70 long"),
        pytest.param({"stop": "END"}, "Stop is END; it must be a list of texts", id="72 stop text"),
        pytest.param({"stop": [1]}, "Stop is [1]; it must be a list of texts", id="72 stop number"),
        pytest.param({"stop": None}, "Stop is None; it must be a list of texts", id="72 stop null"),
        pytest.param({"temperature": "0.7"}, "Temperature is 0.7; it must be a number", id="72 text"),
        pytest.param({"temperature": [0.7]}, "Temperature is [0.7]; it must be a number", id="72 list"),
        pytest.param({"temperature": True}, "Temperature is True; it must be a number", id="72 bool"),
        pytest.param({"temperature": None}, "Temperature is None; it must be a number", id="72 null"),
        pytest.param(
            {"max_new_tokens": "9"}, "New tokens, at most, is 9; it must be a whole number", id="72 length text"
        ),
        pytest.param(
            {"max_new_tokens": None}, "New tokens, at most, is empty; it must be a whole", id="72 length null"
        ),
        pytest.param({"max_new_tokens": True}, "New tokens, at most, is True; it must be a whole", id="72 length bool"),
        pytest.param({"order": "ollama"}, "Order is ollama; it must be one of transformers, llama.cpp", id="72 order"),
        pytest.param({"order": None}, "Order is None; it must be one of", id="72 order null"),
        pytest.param({"order": [1]}, "Order is [1]; it must be one of", id="72 order number"),
    ],
)
def test_a_bad_value_is_refused_with_field_value_and_range(flat: dict[str, Any], said: str) -> None:
    """The sentence names the setting, its value and what is allowed; the field lets the page mark it."""
    error = refused(flat | {"temperature": 0.5} if "temperature" not in flat else flat)

    assert said in error.message
    assert error.field == next(iter(flat))


def test_a_refusal_clips_the_value() -> None:
    """A megabyte in the wrong place does not come back in the message."""
    assert len(refused({"seed": "9" * 2**20}).message) < CLIP + 100


@pytest.mark.parametrize(
    ("flat", "expected"),
    [
        ({"temperature": 0}, (Temperature(0.0),)),  # 57: greedy
        ({"top_p": 0}, (TopP(0.0),)),  # 59: the best token
        ({"top_k": 0}, (TopK(0),)),  # 61: off
        ({"top_k": 40.0}, (TopK(40),)),
    ],
)
def test_the_ends_of_a_range_are_settings(flat: dict[str, Any], expected: tuple[object, ...]) -> None:
    """Zero has a meaning wherever it is allowed."""
    assert SamplingParams.from_dict(flat).samplers == expected


@pytest.mark.parametrize("none", [None, "", -1])
def test_a_seed_left_empty_is_picked_by_the_app(none: object) -> None:
    """Empty and −1 both mean: any; the seed that was picked is then part of the settings."""
    params = SamplingParams.from_dict({"seed": none, "top_k": 3})
    picked = params.with_some_seed()

    assert params.seed is None
    assert picked.seed is not None
    assert 0 <= picked.seed <= MAX_SEED
    assert (picked.samplers, picked.max_new_tokens) == (params.samplers, params.max_new_tokens)


@pytest.mark.parametrize("seed", [0, 42, MAX_SEED])
def test_a_seed_that_is_set_stays(seed: int) -> None:
    """0 is a seed like any other."""
    params = SamplingParams.from_dict({"seed": seed})

    assert params.seed == seed
    assert params.with_some_seed() is params


def test_seeds_are_picked_anew() -> None:
    """Eight picks out of 2³² are not all the same."""
    assert len({SamplingParams().with_some_seed().seed for _ in range(8)}) > 1


# --- the order ---


@pytest.mark.parametrize("order", ORDERS)
def test_the_chain_stands_in_the_named_order(order: str) -> None:
    """Whatever the order of the keys in the flat form, the chain follows the named order."""
    flat = {"top_p": 0.9, "temperature": 0.7, "top_k": 40, "repetition_penalty": 1.1}

    chain = SamplingParams.from_dict(flat | {"order": order}).chain

    assert [sampler.key for sampler in chain] == [key for key in ORDERS[order] if key in flat]


@given(order=st.permutations(KEYS), count=st.integers(0, len(KEYS)))
def test_the_chain_stands_in_the_order_of_a_list(order: list[str], count: int) -> None:
    """A list may name samplers that are not set; they do not act."""
    flat = {key: all_samplers()[key]().to_value() for key in sorted(order[:count])}

    assert [sampler.key for sampler in SamplingParams.from_dict(flat | {"order": order}).chain] == order[:count]


@pytest.mark.parametrize("order", [["top_k"], ["top_k", "top_k", "top_p"], []])
def test_a_list_names_each_sampler_that_is_set_once(order: list[str]) -> None:
    """A sampler that is set and not named, or named twice, has no place."""
    error = refused({"top_k": 40, "top_p": 0.9, "order": order})

    assert error.field == "order"
    assert "exactly once" in error.message
    assert error.hint == "Set here: top_k, top_p."


def test_a_list_refuses_an_unknown_sampler() -> None:
    """The nearest sampler is named, and a setting that is no sampler has no place in a chain."""
    assert refused({"order": ["topp"]}).hint == "The nearest is top_p."
    assert "There is no setting “seed”" in refused({"order": ["seed"]}).message


# --- runs ---


def test_a_runs_text_joins_characters_over_tokens() -> None:
    """Half an emoji in one token and half in the next are one emoji."""
    grin = "😀".encode()

    assert run(b" So", grin[:2], grin[2:], b"!").text == " So😀!"


def test_a_runs_text_keeps_what_was_left_open() -> None:
    """A run cut off in the middle of a character says so with U+FFFD."""
    assert run(b"So", "😀".encode()[:3]).text == "So\ufffd"


@pytest.mark.parametrize(
    ("reason", "text"),
    [(StopReason.EOS, "So"), *((other, "So</s>") for other in (*StopReason, None) if other != "eos")],
)
def test_a_runs_text_leaves_out_the_token_that_ended_it(reason: StopReason | None, text: str) -> None:
    """Only an end token that did end the run is no text."""
    assert run(b"So", b"</s>", stop_reason=reason).text == text


def test_a_run_without_steps_has_no_text() -> None:
    """Before the first token, and after an end token at once, there is none."""
    assert run().text == ""
    assert run(b"</s>", stop_reason=StopReason.EOS).text == ""


def test_a_step_saw_the_prompt_and_what_was_written_before_it() -> None:
    """Position 0 saw the prompt alone; the position behind the last saw everything."""
    found = run(b"x", b"y", b"z")

    assert [found.ids_before(position) for position in (0, 2, 3)] == [(7, 8), (7, 8, 100, 101), (7, 8, 100, 101, 102)]
