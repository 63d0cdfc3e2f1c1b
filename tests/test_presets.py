"""Presets are settings that the program accepts, and those of other programs are what those programs do."""

from __future__ import annotations

import inspect
from typing import Any

import llama_cpp
import pytest
from transformers import GenerationConfig

from playground.backends.llamacpp.settings import own_settings
from playground.presets import PRESETS, START, Preset, of_model
from playground.samplers import all_samplers
from playground.settings import SamplingParams

BY_KEY = {preset.key: preset for preset in PRESETS}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_preset_is_accepted_as_it_stands(preset: Preset) -> None:
    """Every number is in its range; what comes back is what was given, and the origin is said."""
    flat = SamplingParams.from_dict(dict(preset.settings)).to_dict()
    assert {key: flat[key] for key in preset.settings} == dict(preset.settings)
    assert preset.origin.endswith(".")


def test_keys_and_titles_are_told_apart() -> None:
    """No two presets share either, and the page starts with one of them."""
    assert len({preset.key for preset in PRESETS}) == len({preset.title for preset in PRESETS}) == len(PRESETS)
    assert BY_KEY[START.key] is START


def test_all_neutral_is_neutral() -> None:
    """The preset names no sampler, and no sampler acts by itself."""
    assert BY_KEY["neutral"].settings == {}
    assert all(kind().is_neutral for kind in all_samplers().values())


def test_transformers_defaults_are_those_of_the_library() -> None:
    """What its GenerationConfig falls back to, number by number; whatever else it has is off."""
    theirs = GenerationConfig()._get_default_generation_params()
    ours = BY_KEY["transformers"].settings
    assert {key: theirs[key] for key in ("temperature", "top_k", "top_p")} == {
        key: value for key, value in ours.items() if key != "order"
    }
    assert (theirs["typical_p"], theirs["epsilon_cutoff"], theirs["repetition_penalty"]) == (1.0, 0.0, 1.0)


def test_llama_cpp_defaults_are_those_of_the_library() -> None:
    """What llama-cpp-python's completion does when nothing is set; the penalties are off there."""
    theirs = {
        name: item.default for name, item in inspect.signature(llama_cpp.Llama.create_completion).parameters.items()
    }
    ours = {key: value for key, value in BY_KEY["llama.cpp"].settings.items() if key != "order"}
    assert {key: theirs[key] for key in ours} == ours
    assert (theirs["repeat_penalty"], theirs["typical_p"], theirs["mirostat_mode"]) == (1.0, 1.0, 0)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({}, {}),
        ({"TOP_K": "20", "TOP_P": "0.8"}, {"top_k": 20, "top_p": 0.8, "order": "llama.cpp"}),
        ({"TEMP": "warm"}, {}),
        (
            {"PENALTY_REPEAT": "1.05"},
            {"repetition_penalty": {"penalty": 1.05, "window": 64}, "order": "llama.cpp"},
        ),
        (
            {"PENALTY_REPEAT": "1.1", "PENALTY_LAST_N": "-1", "MIROSTAT": "0"},
            {"repetition_penalty": {"penalty": 1.1, "window": 0}, "order": "llama.cpp"},
        ),
        (
            {"MIROSTAT": "2", "MIROSTAT_TAU": "3", "XTC_PROBABILITY": "0.5", "TOP_K": "20", "TEMP": "0.9"},
            {"mirostat": {"tau": 3, "eta": 0.1}, "temperature": 0.9, "order": "llama.cpp"},
        ),
        (
            {"XTC_PROBABILITY": "0.5", "XTC_THRESHOLD": "0"},
            {"xtc": {"probability": 0.5, "threshold": 0}, "order": "llama.cpp"},
        ),
        ({"PENALTY_REPEAT": "1.1", "PENALTY_LAST_N": "0"}, {}),
        ({"TEMP": "nan", "TOP_P": "inf", "PENALTY_LAST_N": "nan"}, {}),
    ],
)
def test_a_files_own_sampling_entries_are_read(entries: dict[str, str], expected: dict[str, Any]) -> None:
    """As llama.cpp names them; what is no number is left out, and the result is accepted."""
    found = own_settings(entries.get)
    assert found == expected
    SamplingParams.from_dict(found)


def test_a_models_presets_say_whose_they_are() -> None:
    """The makers' own first, then those of models.yaml."""
    found = of_model("Tiny", {"top_k": 20}, {"careful": {"temperature": 0.3}})
    assert [(item.key, item.title, item.settings, item.problem) for item in found] == [
        ("model", "the model's own", {"top_k": 20}, ""),
        ("yaml:careful", "careful", {"temperature": 0.3}, ""),
    ]
    assert all("Tiny" in item.origin for item in found)
    assert of_model("Tiny", {}, {}) == ()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (5, "Settings are 5; they must be an object"),
        ({"tempature": 1}, "There is no setting “tempature”. The nearest is temperature."),
        ({"order": "foo"}, "Order is foo; it must be one of transformers, llama.cpp, or a list of keys."),
        ({"top_p": 2}, "Top-p is 2; it must lie in [0, 1]."),
        ({"stop": ["."]}, "It sets stop, for which the page has no control."),
    ],
)
def test_a_preset_that_cannot_be_used_says_why(settings: object, problem: str) -> None:
    """It is listed with the sentence, and its settings go nowhere."""
    (found,) = of_model("Tiny", {}, {"odd": settings})
    assert found.problem.startswith(problem)
    assert found.settings == {}
