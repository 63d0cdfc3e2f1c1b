"""The rule by which a sampler goes at one step, for a picture to draw, and how a share is written beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from playground.numerics import Distribution, IntArray

Geometry = Literal["cut", "floor", "ceiling", "staircase", "staircase_under", "budget", "distance", "named", "shape"]

SMALLEST = 1e-6  # below it a percentage only says that it is smaller
ROUNDS_TO_ONE = 0.0005


@dataclass(frozen=True, slots=True)
class Rule:
    """What decides at one step which tokens stay.

    Attributes:
        geometry: how it is drawn.
            cut: the ``at`` best tokens stay.
            floor: tokens at least as probable as ``at`` stay, and the best always.
            ceiling: of the tokens at least as probable as ``at`` all but the last go.
            staircase: from the best down, probabilities pile up; the first to reach ``at`` is the last to stay.
            staircase_under: the same, but what would lift the pile above ``at`` goes.
            budget: the same as staircase_under with −p log₂ p, in bits, instead of p.
            distance: tokens stay whose surprisal lies within ``at`` bits of ``center``; of several exactly that far
                away, those with the lowest ids.
            named: ``at`` tokens in play are named by their ids, and change or go whatever their probability.
            shape: nothing to draw but the change itself.
        at: the number.
        text: the number and where it comes from, in signs of the field.
        center: the entropy in bits, of a distance.
        token_ids: the tokens that are named.
    """

    geometry: Geometry
    at: float
    text: str
    center: float = 0.0
    token_ids: tuple[int, ...] = ()

    @classmethod
    def naming(cls, before: Distribution, token_ids: IntArray, text: str) -> Rule:
        """Return the rule that names tokens; only those in play count."""
        distinct = np.unique(token_ids)
        named = distinct[before.locate(distinct)[1]].tolist()
        return cls("named", len(named), text, token_ids=tuple(named))


def percent(share: float) -> str:
    """Return a probability as people read it; never "0.0%" for something that can happen, nor "100%" for less.

    >>> percent(0.1523), percent(0.00012), percent(1e-9), percent(0), percent(0.99999), percent(1)
    ('15.2%', '0.012%', '<0.0001%', '0%', '>99.9%', '100%')
    """
    if share in {0, 1}:
        return f"{share:.0%}"
    if share < SMALLEST:
        return f"<{SMALLEST * 100:.4f}%"
    if share > 1 - ROUNDS_TO_ONE:
        return ">99.9%"
    digits = 1 if share >= 0.001 else 1 - math.floor(math.log10(share * 100))  # noqa: PLR2004 (0.1 %: two digits below)
    return f"{share * 100:.{digits}f}%"


def about(share: float) -> str:
    """Return a computed probability behind its sign; it is rounded, and says so.

    >>> about(0.01155), about(1e-9)
    ('≈ 1.2%', '< 0.0001%')
    """
    text = percent(share)
    return f"{text[0]} {text[1:]}" if text[0] in "<>" else f"≈ {text}"
