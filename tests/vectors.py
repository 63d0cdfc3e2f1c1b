"""Logits as models answer them, for comparing with other libraries; many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from playground.numerics import FloatArray

Rows = npt.NDArray[np.float32]

SMALL = (2, 3, 7, 50, 100, 500)
LARGE = (32_000, 151_936, 262_144)
SHAPES = ("peaked", "hump", "flat", "ruled out")


def rows(shape: str, size: int, count: int) -> Rows:
    """Return logits, (count, size), of which no two in a row are equal; in "ruled out" ones a third is at −inf."""
    rng = np.random.default_rng([SHAPES.index(shape), size, count])
    logits = rng.normal(0, {"peaked": 2.5, "hump": 1.5, "flat": 0.02, "ruled out": 2.0}[shape], (count, size))
    if shape == "peaked":
        logits[:, rng.permutation(size)[: 1 + size // 1000]] += rng.exponential(5, (count, 1))
    apart = spread(logits.astype(np.float32))
    if shape == "ruled out":
        apart[:, 1:][rng.random((count, size - 1)) < 1 / 3] = -np.inf
    return apart


def spread(logits: Rows) -> Rows:
    """Return the same rows with equal logits moved apart by as little as float32 can hold."""
    order = np.argsort(logits, axis=1, kind="stable")
    ordered = np.take_along_axis(logits, order, axis=1)
    while (same := np.diff(ordered, axis=1) <= 0).any():
        ordered[:, 1:][same] = np.nextafter(ordered[:, :-1][same], np.float32(np.inf))
    apart = np.empty_like(logits)
    np.put_along_axis(apart, order, ordered, axis=1)
    return apart


def softmax(logits: FloatArray) -> FloatArray:
    """Return probabilities of the last axis, in float64."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probs: FloatArray = weights / weights.sum(axis=-1, keepdims=True)
    return probs
