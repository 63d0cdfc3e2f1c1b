"""Rank order of many numbers, exact and only as far as it is needed: the higher first, on a tie the lower index."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

FloatArray = npt.NDArray[np.float64]
RawArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SAMPLE = 4096  # numbers looked at to guess where the best few begin
FIRST_PREFIX = 256  # entries ranked at first when nobody knows how many are needed
BINS = 2048
ROUNDING = 1e-12  # two sums closer together than that count as equal: 0.5 + 0.3 reaches 0.8
NARROWEST = 1e-30  # all keys closer together than that are ranked in full
CLOSE = 1e-11  # far above what the order of adding can change in a sum of probabilities, far below what anybody sees


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a running sum over ranked entries reaches a mass.

    Attributes:
        above: which entries, (n,), rank before ``edge``; None where none do.
        edge: entries in rank order, (m,); the sum reaches the mass among them, or never.
        running: the sum up to and with each of them, (m,), what is above included.
    """

    above: BoolArray | None
    edge: IntArray
    running: FloatArray


def crossing(keys: RawArray, weigh: Callable[[IntArray | slice], FloatArray], mass: float) -> Crossing:
    """Walk from the highest key down, on a tie from the lower index up, until weights add up to ``mass``.

    The best few are ranked at once. Where they do not reach, keys are put into bins, and only the bin in which the sum
    reaches the mass is ranked. The order of adding changes the last digits: where they could decide, all is ranked.

    Args:
        keys: (n,), finite.
        weigh: returns the weights of some entries, none below 0.
        mass: where to stop.
    """
    edge = rank_prefix(keys, min(FIRST_PREFIX, keys.size))
    running = np.cumsum(weigh(edge))
    if running[-1] >= mass or edge.size == keys.size:
        return Crossing(None, edge, running)
    weights = weigh(slice(None))
    found = _binned(keys, weights, mass)
    if found is None:
        edge = rank_prefix(keys, keys.size)
        found = Crossing(None, edge, np.cumsum(weights[edge]))
    return found


def _binned(keys: RawArray, weights: FloatArray, mass: float) -> Crossing | None:
    depths = keys.max() - keys  # (n,)
    deepest = float(depths.max())
    if not NARROWEST < deepest < math.inf:
        return None
    bins = (depths * (BINS / deepest)).astype(np.int32)  # (n,); never ranks a lower key first, as rounding keeps order
    sums = np.cumsum(np.bincount(bins, weights=weights))
    place = int(np.searchsorted(sums, mass))
    if place == sums.size:
        return None
    base = float(sums[place - 1]) if place else 0.0
    edge = np.flatnonzero(bins == place)
    edge = edge[rank_prefix(keys[edge], edge.size)]
    running = base + np.cumsum(weights[edge])
    gaps = np.abs(np.append(running, base) - mass)
    if running[-1] < mass or gaps.min() <= CLOSE:
        return None
    return Crossing(bins < place, edge, running)


def rank_prefix(logits: RawArray, count: int) -> IntArray:
    """Return the indices of the ``count`` highest logits, best first, on a tie the lower index; exact.

    A sample guesses a floor; all logits at or above it are sorted. When the guess leaves too few, everything is sorted.
    """
    size = logits.size
    wanted = 2 * count + 64
    if 4 * wanted < size:
        sample = logits[:: max(1, size // SAMPLE)]
        tail = max(0, sample.size - 1 - math.ceil(wanted * sample.size / size))
        floor = np.partition(sample, tail)[tail]
        pool = np.flatnonzero(logits >= floor)
        if pool.size >= count:
            return pool[np.argsort(-logits[pool], kind="stable")[:count]]
    order = np.argsort(-logits)  # faster than a stable sort, and where no two are equal the same
    ranked = logits[order]
    return (order if (ranked[1:] != ranked[:-1]).all() else np.argsort(-logits, kind="stable"))[:count]


def rank_at(keys: RawArray, index: int) -> int:
    """Return the rank of an entry; the best has rank 1."""
    key = keys[index]
    return int(np.count_nonzero(keys > key) + np.count_nonzero(keys[:index] == key)) + 1
