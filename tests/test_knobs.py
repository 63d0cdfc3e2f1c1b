"""A sampler's numbers and lists are checked where they come in, and a refusal says what is allowed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from playground.errors import SettingError, shown
from playground.samplers.base import Knob
from playground.samplers.dry import Dry
from playground.samplers.knobs import MAX_TOKEN_ID, Listing
from playground.samplers.logit_bias import LogitBias
from playground.samplers.temperature import Temperature
from playground.samplers.top_k import TopK
from tests.settings_drawn import SAMPLERS

NUMBERS = {
    (key, name): spec for key, kind in SAMPLERS.items() for name, spec in kind.knobs().items() if isinstance(spec, Knob)
}
LISTINGS = {
    (key, name): spec
    for key, kind in SAMPLERS.items()
    for name, spec in kind.knobs().items()
    if isinstance(spec, Listing)
}


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
        for (key, name), spec in NUMBERS.items()
        for value, allowed in refusals(spec)
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


@pytest.mark.parametrize(("key", "name"), NUMBERS)
def test_a_knob_takes_both_ends_of_its_range(key: str, name: str) -> None:
    """Both ends are inside, except a minimum that is declared to be outside; neutral and usual values too."""
    spec = NUMBERS[key, name]

    for value in (spec.kind(spec.minimum), spec.kind(spec.maximum), spec.neutral, spec.usual):
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


# --- lists ---


@pytest.mark.parametrize(("key", "name"), LISTINGS)
def test_a_list_takes_what_people_start_from_and_nothing_at_all(key: str, name: str) -> None:
    """The usual entries, as JSON has them, and the empty list; both come out as they went in."""
    spec = LISTINGS[key, name]
    kind = SAMPLERS[key]
    usual = spec.plain(spec.usual)

    assert spec.plain(getattr(kind.from_value({name: usual}), name)) == usual
    assert getattr(kind.from_value({name: []}), name) == spec.neutral == ()


@pytest.mark.parametrize(("key", "name"), LISTINGS)
@pytest.mark.parametrize("value", [None, 1, 1.5, True, "a", {"a": 1}])
def test_a_list_refuses_what_is_no_list(key: str, name: str, value: object) -> None:
    """A text is no list of texts, a mapping no list of pairs."""
    with pytest.raises(SettingError) as caught:
        SAMPLERS[key].from_value({name: value})

    assert caught.value.field == SAMPLERS[key].path(name)
    assert caught.value.message.startswith(f"{LISTINGS[key, name].label} is {shown(value)}; it must be a list of ")
    assert LISTINGS[key, name].range_text in caught.value.message


@pytest.mark.parametrize(("key", "name"), LISTINGS)
def test_a_list_refuses_too_many_entries(key: str, name: str) -> None:
    """The refusal has both numbers."""
    spec = LISTINGS[key, name]
    entries = list(spec.usual[:1]) * (spec.maximum + 1)

    with pytest.raises(SettingError, match=f"holds {spec.maximum + 1} entries; at most {spec.maximum} are allowed"):
        SAMPLERS[key].from_value({name: entries})
    assert len(getattr(SAMPLERS[key].from_value({name: entries[1:]}), name)) == spec.maximum


@pytest.mark.parametrize("entry", ["", "a" * 41, "\ud800", 1, None, True, ["a"]])
def test_breakers_are_texts_of_some_length(entry: object) -> None:
    """Empty ones, long ones, half characters and anything else are refused, with the place in the list."""
    with pytest.raises(SettingError, match=r"^List of sequence breakers, entry 2, is .*; it must be a text") as caught:
        Dry(breakers=["a" * 40, entry])  # type: ignore[arg-type]

    assert caught.value.field == "dry.breakers"


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("a", "a pair"),
        ([1], "a pair"),
        ([1, 1, 1], "a pair"),
        ({1: 1}, "a pair"),
        (None, "a pair"),
        ([-1, 1], "a token id"),
        ([0.5, 1], "a token id"),
        ([True, 1], "a token id"),
        ([None, 1], "a token id"),
        ([math.nan, 1], "a token id"),
        ([math.inf, 1], "a token id"),
        ([MAX_TOKEN_ID + 1, 1], "a token id"),
        (["", 1], "1 to 100"),
        (["a" * 101, 1], "1 to 100"),
        (["\udc00", 1], "1 to 100"),
        ([1, 100.5], r"[-100, 100]"),
        ([1, -101], r"[-100, 100]"),
        ([1, True], r"[-100, 100]"),
        ([1, None], r"[-100, 100]"),
        ([1, "1"], r"[-100, 100]"),
        ([1, math.nan], r"[-100, 100]"),
        ([1, math.inf], r"[-100, 100]"),
    ],
)
def test_a_bias_is_a_token_and_a_number(entry: object, rule: str) -> None:
    """What is refused is named with its place in the list and with what is allowed."""
    with pytest.raises(SettingError) as caught:
        LogitBias.from_value([[0, 1.0], entry])

    assert caught.value.message.startswith(f"Logit bias, entry 2, is {shown(entry)}; it must be ")
    assert rule in caught.value.message
    assert caught.value.field == "logit_bias"


@pytest.mark.parametrize(
    ("entry", "held", "plain"),
    [
        ([5, 2], (5, 2.0), [5, 2.0]),
        ((5.0, -100), (5, -100.0), [5, -100.0]),
        ([" the", 0.5], (" the", 0.5), [" the", 0.5]),
        ([0, False], (0, -math.inf), [0, False]),
        ([0, -math.inf], (0, -math.inf), [0, False]),
        ([0, 0], (0, 0.0), [0, 0.0]),
    ],
)
def test_a_bias_keeps_its_meaning(entry: Any, held: object, plain: object) -> None:  # noqa: ANN401 (JSON)
    """A ban is minus infinity inside and false outside; a bias of 0 is none."""
    bias = LogitBias.from_value([entry])

    assert bias.biases == (held,)
    assert bias.to_value() == [plain]
    assert repr(LogitBias.from_value(bias.to_value())) == repr(bias)
