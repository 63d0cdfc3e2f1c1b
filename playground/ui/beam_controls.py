"""The controls of a beam search, made from its declarations."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from playground.beam_settings import BEAMS, DIVERSITY, GROUPS, LENGTH_PENALTY, PENALTIES, RETURNED, SAMPLED
from playground.errors import SettingError
from playground.sentences import as_one, in_words
from playground.ui.controls import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTROLS = {
    "num_beams": BEAMS, "length_penalty": LENGTH_PENALTY, "num_return_sequences": RETURNED,
    "num_beam_groups": GROUPS, "diversity_penalty": DIVERSITY, "sample": SAMPLED,
}  # fmt: skip
OWN = (*CONTROLS, "early_stopping")
START: dict[str, Any] = {
    "num_beams": 3, "length_penalty": 1.0, "num_return_sequences": 3, "num_beam_groups": 1,
    "diversity_penalty": 0.0, "sample": False, "early_stopping": False,
}  # fmt: skip


def beam_spec(texts: Mapping[str, str]) -> str:
    """Return the declarations of the view's controls as JSON, for ``beam.js``."""
    knobs = [
        {
            "name": name,
            "label": texts[f"beam_{name}"],
            "kind": knob.kind.__name__.lower(),
            "min": knob.slider_start,
            "max": knob.slider_maximum,
            "step": knob.step,
            "neutral": START[name],
            "range": in_words(knob.range_text, texts),
            "off": texts.get(f"beam_{name}_help", ""),
        }
        for name, knob in CONTROLS.items()
    ]
    return to_json({"knobs": knobs, "start": START, "penalties": PENALTIES})


def wrong_controls(settings: Mapping[str, object]) -> list[SettingError]:
    """Return the refusal of each control whose value is of the wrong type or outside its range."""
    wrong = []
    for name, knob in CONTROLS.items():
        try:
            knob.check(name, settings[name])
        except SettingError as error:
            wrong.append(error)
    return wrong


def together(wrong: Sequence[SettingError]) -> SettingError:
    """Return one refusal for all, whose field names all of theirs, with spaces between."""
    return SettingError(as_one(*(error.said for error in wrong)), field=" ".join(error.field for error in wrong))


def read_penalty(value: object) -> float:
    """Return the length penalty that texts are ranked with from an address.

    Raises:
        SettingError: it is no number, or outside its range.
    """
    read = value
    with suppress(TypeError, ValueError):
        read = float(value)  # type: ignore[arg-type]
    return float(LENGTH_PENALTY.check("ranked_length_penalty", read))
