"""The samplers, one file each; a new file in this folder is a new sampler.

``ORDERS`` names the two orders that people meet elsewhere; a sampler that neither names stands last.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from playground.samplers.base import Sampler

ORDERS: dict[str, tuple[str, ...]] = {
    "transformers": ("repetition_penalty", "temperature", "top_k", "top_p"),
    "llama.cpp": ("repetition_penalty", "top_k", "top_p", "temperature"),
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
