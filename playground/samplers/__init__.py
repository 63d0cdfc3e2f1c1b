"""The samplers, one file each; a new file in this folder is a new sampler.

``ORDERS`` names the two orders that people meet elsewhere; a sampler that neither names stands last.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from playground.samplers.base import Sampler

ORDERS: dict[str, tuple[str, ...]] = {
    # As transformers 5 builds its list of processors. What it lacks stands with its like: the other penalties behind
    # its own, top-nσ with the cuts behind temperature, XTC and Mirostat last.
    "transformers": (
        "logit_bias",
        "repetition_penalty",
        "frequency_penalty",
        "presence_penalty",
        "dry",
        "no_repeat_ngram",
        "temperature",
        "top_n_sigma",
        "top_h",
        "top_k",
        "top_p",
        "min_p",
        "typical_p",
        "epsilon_cutoff",
        "eta_cutoff",
        "xtc",
        "mirostat",
    ),
    # As llama.cpp's common_sampler, Mirostat behind temperature as there; what it lacks stands with its like again.
    "llama.cpp": (
        "logit_bias",
        "repetition_penalty",
        "frequency_penalty",
        "presence_penalty",
        "dry",
        "no_repeat_ngram",
        "top_n_sigma",
        "top_k",
        "typical_p",
        "top_p",
        "min_p",
        "top_h",
        "epsilon_cutoff",
        "eta_cutoff",
        "xtc",
        "temperature",
        "mirostat",
    ),
}


@cache
def all_samplers() -> dict[str, type[Sampler]]:
    """Every sampler by its key, in transformers' order."""
    found: dict[str, type[Sampler]] = {}
    for module in pkgutil.iter_modules(__path__):
        for item in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(item, type) and issubclass(item, Sampler) and item is not Sampler:
                found[item.key] = item
    return {key: found[key] for key in in_order(tuple(found), ORDERS["transformers"])}


def in_order(keys: tuple[str, ...], order: tuple[str, ...]) -> tuple[str, ...]:
    """Sort sampler keys by an order; keys that it does not name keep their places behind the others."""
    return tuple(sorted(keys, key=lambda key: order.index(key) if key in order else len(order)))
