"""A distribution as plain values, on its way out of a model's process; nothing of it is rounded or cut."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.numerics import Distribution, RawArray

Packed = dict[str, Any]


def pack(distribution: Distribution, row: RawArray) -> Packed:
    """Return a distribution as plain values; logits that are the whole ``row`` itself are not sent a second time."""
    ids, raw = distribution.ids, distribution.raw
    return {
        "ids": None if ids is None else ids.astype(np.int32).tobytes(),
        "raw": None if raw is row else raw.tobytes(),
        "type": raw.dtype.str,
        "ranked": distribution.ranked,
        "vocab_size": distribution.vocab_size,
        "temperature": distribution.temperature,
    }


def unpack(flat: Packed, row: RawArray) -> Distribution:
    """Read what ``pack`` made, with the same row."""
    return Distribution(
        row if flat["raw"] is None else np.frombuffer(flat["raw"], np.dtype(flat["type"])),
        ids=None if flat["ids"] is None else np.frombuffer(flat["ids"], np.int32).astype(np.int64),
        ranked=flat["ranked"],
        vocab_size=flat["vocab_size"],
        temperature=flat["temperature"],
    )
