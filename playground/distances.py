"""How far two next-token distributions lie apart, exact over every token of the vocabulary.

- KL is the Kullback–Leibler divergence (Kullback & Leibler 1951), in bits, and has a direction; where the second one
  cannot draw a token that the first one can, it is infinite, and so it is said.
- JS is the Jensen–Shannon divergence (Lin 1991, doi 10.1109/18.61115) with equal weights, in bits: 0 for the same
  distribution, 1 for two that share no token; it is always finite.
- The overlap is the sum of the smaller of both probabilities: 1 − the total variation distance.
- Sums are float64; KL and JS of nearly equal distributions are right to about 6e-15 bits, and what rounding would
  leave below 0 is 0. Two that are equal in every logit have exactly 0, 0 and 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from playground.numerics import BITS_PER_NAT

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray, IntArray

BLOCK = 16384  # entries that are worked on at once: 128 kB of float64
TINY = float(np.finfo(np.float64).tiny)  # instead of 0 below a logarithm; times a probability of 0


@dataclass(frozen=True, slots=True)
class Distance:
    """What lies between two distributions P and Q.

    Attributes:
        kl_bits: D(P‖Q) = Σ P·log2(P ÷ Q); inf where Q lacks a token of P.
        reverse_kl_bits: D(Q‖P); inf where P lacks a token of Q.
        js_bits: in [0, 1].
        overlap: Σ min(P, Q), in [0, 1].
    """

    kl_bits: float
    reverse_kl_bits: float
    js_bits: float
    overlap: float


SAME = Distance(0.0, 0.0, 0.0, 1.0)
APART = Distance(math.inf, math.inf, 1.0, 0.0)  # no token in common


def distance(one: Distribution, other: Distribution) -> Distance:
    """Return how far two distributions over the same token ids lie apart; either may have lost tokens.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> distance(Distribution.of_logits(np.log([0.5, 0.5])), Distribution.of_logits(np.log([0.25, 0.75]))).overlap
    0.75
    """
    mine, theirs = _common(one, other)
    lacks = (_lacks(one, mine), _lacks(other, theirs))
    first, second = _shares(one, mine), _shares(other, theirs)
    if not first[0].size:
        return APART
    parts = [_sums(first, second, slice(start, start + BLOCK)) for start in range(0, first[0].size, BLOCK)]
    kl, reverse_kl, mixed, overlap, differing = map(math.fsum, zip(*parts, strict=True))
    if not any(lacks) and not differing:
        return SAME
    return Distance(
        math.inf if lacks[0] else _bits(kl),
        math.inf if lacks[1] else _bits(reverse_kl),
        min(1.0, _bits(math.log(2) + mixed / 2)),
        min(1.0, overlap),
    )


def _shares(distribution: Distribution, entries: IntArray | slice) -> tuple[FloatArray, FloatArray]:
    """Return log-probabilities in nats and probabilities of some entries, both (m,); they sum to 1 over all entries."""
    raw, peak = distribution.raw, float(distribution.raw.max()) / distribution.temperature
    logs, weights = np.empty(raw.size), np.empty(raw.size)
    totals = []
    for start in range(0, raw.size, BLOCK):  # in the processor's cache, which takes half the time
        block = slice(start, start + BLOCK)
        above = logs[block]
        np.copyto(above, raw[block])
        if distribution.temperature != 1:
            above /= distribution.temperature
        above -= peak
        totals.append(float(np.exp(above, out=weights[block]).sum()))
    total = math.fsum(totals)
    for start in range(0, raw.size, BLOCK):
        logs[start : start + BLOCK] -= math.log(total)
        weights[start : start + BLOCK] /= total
    return logs[entries], weights[entries]


def _sums(
    one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray], block: slice
) -> tuple[float, float, float, float, bool]:
    """Return what a block of common tokens adds to KL, its reverse, JS and overlap, and whether it differs at all.

    In nats, JS is log 2 + half of Σ p·log p + q·log q − (p + q)·log(p + q) over the tokens that both have: a token that
    only one of them has adds p·log 2, which the first term holds, as both sum to 1.
    """
    (log_p, p), (log_q, q) = ((logs[block], shares[block]) for logs, shares in (one, other))
    difference, both = log_p - log_q, p + q
    mixed = _dot(p, log_p) + _dot(q, log_q) - _dot(both, np.log(np.maximum(both, TINY)))
    shared = float(np.minimum(p, q).sum())
    return _dot(p, difference), -_dot(q, difference), mixed, shared, bool(difference.any())


def _common(one: Distribution, other: Distribution) -> tuple[IntArray | slice, IntArray | slice]:
    """Return the entries of the tokens that both have, in one order."""
    if one.ids is None and other.ids is None and one.size == other.size:
        return slice(None), slice(None)
    if one.size > other.size:
        theirs, mine = _common(other, one)
        return mine, theirs
    found, inside = other.locate(one.token_ids)
    return np.flatnonzero(inside), found[inside]


def _lacks(distribution: Distribution, entries: IntArray | slice) -> bool:
    """Whether it has tokens that are not among these entries."""
    return not isinstance(entries, slice) and entries.size < distribution.size


def _dot(weights: FloatArray, values: FloatArray) -> float:
    return float(np.einsum("i,i->", weights, values))  # not BLAS: its threads would fight the model's


def _bits(nats: float) -> float:
    return max(0.0, nats * BITS_PER_NAT)


def narrowed(distribution: Distribution, width: int, others: tuple[int, ...] = ()) -> tuple[Distribution | None, float]:
    """Leave out the token ids from ``width`` on, and ``others``.

    Returns:
        What is left, None for nothing, and the share left out.
    """
    inside = distribution.token_ids < width
    if others:
        inside &= distribution.without(np.array(others))
    if inside.all():
        return distribution, 0.0
    share = float(distribution.weigh(np.flatnonzero(~inside)).sum())
    return (distribution.only(inside) if inside.any() else None), share
