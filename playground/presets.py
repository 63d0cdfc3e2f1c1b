"""Presets as data: settings in the flat form, each with where its numbers come from.

A preset says everything: what it does not name is neutral.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from playground.errors import PlaygroundError
from playground.sentences import Sentence
from playground.settings import SamplingParams

Flat = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings with a name.

    Attributes:
        key: what the page and links call it.
        title: its name on the page.
        settings: the flat form; ``order`` is part of it where the numbers were meant for one.
        origin: where the numbers come from.
        problem: why it cannot be used; "" where it can.
    """

    key: str
    title: str
    settings: Flat
    origin: str
    problem: str = ""


PRESETS = (
    Preset("neutral", "Neutral", {}, "No sampler acts: the model's own probabilities."),
    Preset("greedy", "Greedy", {"temperature": 0}, "The most probable token at each step; the seed does not matter."),
    Preset(
        "precise",
        "Precise",
        {"temperature": 0.3, "top_p": 0.9, "order": "transformers"},
        "Ours, for facts and code: sharpened, with the improbable tenth cut off.",
    ),
    Preset(
        "balanced",
        "Balanced",
        {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "order": "transformers"},
        "Ours, and where the page starts: some variety, no far-fetched tokens.",
    ),
    Preset(
        "creative",
        "Creative",
        {"temperature": 1.5, "min_p": 0.1, "order": "transformers"},
        "Hot, over a floor that rises where the model is sure: temperature 1.5 and min-p 0.1 as in Nguyen et al., "
        "2024, arXiv:2407.01082.",
    ),
    Preset(
        "transformers",
        "transformers' defaults",
        {"temperature": 1.0, "top_k": 50, "top_p": 1.0, "order": "transformers"},
        "What generate(do_sample=True) does in transformers 5.23 where the model's generation_config is silent.",
    ),
    Preset(
        "llama.cpp",
        "llama.cpp's defaults",
        {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "order": "llama.cpp"},
        "What llama-cli, llama-server and llama-cpp-python do when nothing is set.",
    ),
)
START = next(preset for preset in PRESETS if preset.key == "balanced")


def of_model(titled: str, own: Flat, listed: Mapping[str, object]) -> tuple[Preset, ...]:
    """Return the presets that come with a model: its makers' settings, then those of models.yaml."""
    found = [checked("model", "the model's own", own, f"What the file of {titled} says of sampling.")] if own else []
    named = [checked(f"yaml:{name}", name, flat, f"models.yaml, {titled}.") for name, flat in listed.items()]
    return (*found, *named)


def checked(key: str, title: str, settings: object, origin: str) -> Preset:
    """Return somebody else's settings as a preset, with the reason where they cannot be used."""
    try:
        flat = SamplingParams.from_dict(settings)
    except PlaygroundError as error:
        return Preset(key, title, {}, origin, error.said)
    if flat.stop:
        return Preset(key, title, {}, origin, Sentence("It sets stop, for which the page has no control."))
    return Preset(key, title, dict(cast("Flat", settings)), origin)
