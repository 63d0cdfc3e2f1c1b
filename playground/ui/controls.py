"""Settings on the page: declarations for the chain component, what the controls sent, and one line of text.

Every slider, range and help text comes from a Knob.
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from playground.errors import SettingError, shown
from playground.records import SamplingParams
from playground.samplers import ORDERS, all_samplers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.samplers.base import Sampler

START: dict[str, Any] = {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "order": "transformers"}


def chain_spec() -> str:
    """Return the declarations of all samplers as JSON, for ``chain.js``."""
    samplers = [
        {
            "key": key,
            "label": kind.label,
            "help": help_paragraphs(kind),
            "knobs": [
                {
                    "name": name,
                    "label": spec.label,
                    "kind": spec.kind.__name__,
                    "min": spec.minimum,
                    "max": spec.slider_maximum,
                    "step": spec.step,
                    "neutral": spec.neutral,
                    "usual": spec.usual,
                    "range": spec.range_text,
                }
                for name, spec in kind.knobs().items()
            ],
        }
        for key, kind in all_samplers().items()
    ]
    orders = {name: list(keys) for name, keys in ORDERS.items()}
    return json.dumps({"samplers": samplers, "orders": orders, "start": START})


def help_paragraphs(kind: type[Sampler]) -> list[str]:
    """Return a sampler's class docstring without its example, a string per paragraph."""
    text = (inspect.getdoc(kind) or "").split(">>>")[0].replace("``", "").strip()
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def start_value() -> str:
    """Return the settings that a new page begins with."""
    return json.dumps(START)


def read_settings(chain: object, seed: object, max_new_tokens: object) -> SamplingParams:
    """Read what the controls, or somebody's own program, sent.

    Raises:
        SettingError: a value is of the wrong type, outside its range or unknown.
    """
    flat = chain
    if isinstance(chain, str):
        try:
            flat = json.loads(chain)
        except (ValueError, RecursionError) as error:
            raise SettingError(f"The chain is {shown(chain)}; it must be a JSON object.", field="chain") from error
    if not isinstance(flat, dict):
        raise SettingError(f"The chain is {shown(flat)}; it must be a JSON object.", field="chain")
    for name in ("seed", "max_new_tokens"):
        if name in flat:
            raise SettingError(f"The chain holds {name}, which has a box of its own.", hint="Leave it out.", field=name)
    return SamplingParams.from_dict(flat | {"seed": read_seed(seed), "max_new_tokens": max_new_tokens})


def read_seed(seed: object) -> object:
    """Return a seed box's digits as a number, an empty box as None, anything else as it is, for the check to refuse."""
    if isinstance(seed, str):
        seed = seed.strip()
        return int(seed) if seed.removeprefix("-").isdecimal() and len(seed) < 16 else seed or None  # noqa: PLR2004
    return seed


def settings_line(model: str, params: SamplingParams, texts: Mapping[str, str]) -> str:
    """Return model and settings in one line, in the order in which they act: no screenshot goes without them."""
    parts = []
    for sampler in params.chain:
        if not sampler.is_neutral:
            value = sampler.to_value()
            inner = ", ".join(f"{name} {item}" for name, item in value.items()) if isinstance(value, dict) else value
            parts.append(f"{sampler.label.lower()} {inner}")
    order = params.order if isinstance(params.order, str) else " → ".join(params.order)
    return " · ".join([model, *(parts or [texts["neutral"]])]) + f" · {texts['order'].lower()} {order}"
