"""How far two next-token distributions lie apart, exact over every token of the vocabulary.

- KL is the Kullback–Leibler divergence (Kullback & Leibler 1951), in bits, and has a direction; where the second one
  cannot draw a token that the first one can, it is infinite, and so it is said.
- JS is the Jensen–Shannon divergence (Lin 1991, doi 10.1109/18.61115) with equal weights, in bits: 0 for the same
  distribution, 1 for two that share no token; it is always finite.
- The overlap is the sum of the smaller of both probabilities: 1 − the total variation distance.
- Sums are float64; KL and JS of nearly equal distributions are right to about 1e-15 bits, and what rounding would
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
    log_p, log_q = one.log_probs(one.logits[mine]), other.log_probs(other.logits[theirs])  # (common,)
    if not log_p.size:
        return APART
    difference = log_p - log_q
    if not any(lacks) and not difference.any():
        return SAME
    p, q = one.weigh(mine), other.weigh(theirs)
    return Distance(
        math.inf if lacks[0] else _bits(_dot(p, difference)),
        math.inf if lacks[1] else _bits(-_dot(q, difference)),
        min(1.0, _bits(_jensen_shannon(p, q, _dot(p, log_p) + _dot(q, log_q)))),
        min(1.0, float(np.minimum(p, q).sum())),
    )


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


def _jensen_shannon(p: FloatArray, q: FloatArray, negative_entropies: float) -> float:
    """Return JS in nats: log 2 + half of Σ p·log p + q·log q − (p + q)·log(p + q) over the tokens that both have.

    A token that only one of them has adds p·log 2, which the first term holds, as both sum to 1.
    """
    both = p + q
    return math.log(2) + (negative_entropies - _dot(both, np.log(np.maximum(both, TINY)))) / 2


def _bits(nats: float) -> float:
    return max(0.0, nats * BITS_PER_NAT)


def narrowed(distribution: Distribution, width: int) -> tuple[Distribution | None, float]:
    """Leave out the token ids from ``width`` on; return what is left, None for nothing, and the share left out."""
    inside = distribution.token_ids < width
    if inside.all():
        return distribution, 0.0
    share = float(distribution.weigh(np.flatnonzero(~inside)).sum())
    return (distribution.only(inside) if inside.any() else None), share
